#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "transport/byte_stream.h"
#include "transport/http_server.h"
#include "transport/loop.h"
#include "transport/mailbox.h"
#include "transport/message_parser.h"

namespace crayon::transport {

class Connection;
class Reply;

/// What a connection needs of its server; outlives it.
struct ConnectionContext {
  Loop& loop;
  const ServerOptions& options;
  const Handler& handler;
  std::shared_ptr<Mailbox> mailbox;
  std::function<void(Connection&)> on_closed;
  bool stopping = false;
  std::size_t incoming = 0;                    ///< bytes of bodies that are not complete
  std::shared_ptr<const TlsContext> tls = {};  ///< null: connections are in plain
  ReadBuffer read_buffer = {};                 ///< of whichever connection reads at the moment
};

/// One client of the server: its requests one after another, each answered before the next is
/// looked at. Lives on the loop's thread.
///
///     reading -> answering -> reading ... -> lingering -> closed
///
/// reading    a request is awaited or comes in, after the handshake of TLS; a timer bounds it all
/// answering  the handler has it; a timer runs only while bytes wait for a peer that takes none
/// lingering  the last reply is out; the peer's bytes are dropped until it closes, as closing
///            with bytes unread would reset the connection and could destroy that reply
class Connection : public std::enable_shared_from_this<Connection>, private StreamOwner {
 public:
  Connection(ConnectionContext& context, StreamHandle socket);

  void start();
  /// In place of start(): one reply that reports an error, and the end.
  void refuse(int status, std::string_view message);
  /// The server stops: ends now unless a request is being answered.
  void stop();
  void close();
  /// `reply`, this connection's, has news.
  void forward(Reply& reply);

 private:
  enum class Phase { reading, answering, lingering, closed };

  template <typename Action>
  void guarded(const Action& action);

  void on_bytes(std::string_view bytes) override;
  void on_end(const StreamEnd& end) override;
  /// Feeds the parser up to the end of a request; how many bytes it took.
  std::size_t parse(std::string_view bytes);
  MessageParser::AfterHead on_head(const MessageHead& head);
  bool on_body(std::string_view bytes);
  std::string take_body();
  void dispatch();
  void next_request();
  void linger();

  void write(std::string bytes, std::shared_ptr<Reply> reply);
  void on_written(int status);

  void set_timer(std::uint64_t milliseconds);
  void set_idle_timer();
  void on_timer();

  ConnectionContext& context_;
  const std::shared_ptr<ByteStream> stream_;
  Handle<uv_timer_t> timer_;
  Phase phase_ = Phase::reading;

  MessageParser parser_;
  std::string body_;            // of the request that comes in
  std::string early_;           // bytes of later requests
  std::size_t early_used_ = 0;  // how many of them the parser has had
  int refusal_ = 0;             // the status that a hook of the parser wants
  std::string refusal_message_;

  std::shared_ptr<Reply> reply_;  // answering
  bool reply_ended_ = false;      // its last bytes are with libuv
  bool keep_alive_ = false;
  std::size_t writes_ = 0;   // that are not with the kernel yet
  std::uint64_t taken_ = 0;  // what the peer had taken when the timer was set
};

}  // namespace crayon::transport
