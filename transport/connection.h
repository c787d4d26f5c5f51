#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

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
  std::size_t incoming = 0;  ///< bytes of bodies that are not complete
  std::array<char, std::size_t{64}* 1024> read_buffer =
      {};  ///< of whichever connection reads at the moment
};

/// One client of the server: its requests one after another, each answered before the next is
/// looked at. Lives on the loop's thread.
///
///     reading -> answering -> reading ... -> lingering -> closed
///
/// reading    a request is awaited or comes in; a timer bounds the whole of it
/// answering  the handler has it; a timer runs only while bytes wait for a peer that takes none
/// lingering  the last reply is out; the peer's bytes are dropped until it closes, as closing
///            with bytes unread would reset the connection and could destroy that reply
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionContext& context, Handle<uv_tcp_t> tcp);

  void start();
  /// In place of start(): one reply that reports an error, and the end.
  void refuse(int status, std::string_view message);
  /// The server stops: ends now unless a request is being answered.
  void stop();
  void close();
  /// `reply`, this connection's, has news.
  void forward(Reply& reply);

 private:
  struct Write;
  enum class Phase { reading, answering, lingering, closed };

  template <typename Action>
  void guarded(const Action& action);

  void read();
  void on_read(std::string_view bytes);
  /// Feeds the parser up to the end of a request; how many bytes it took.
  std::size_t parse(std::string_view bytes);
  MessageParser::AfterHead on_head(const MessageHead& head);
  bool on_body(std::string_view bytes);
  std::string take_body();
  void dispatch();
  void next_request();
  void linger();

  void write(std::string bytes, std::shared_ptr<Reply> reply);
  void on_written(const Write& write, int status);

  /// Bytes that the peer's side of the socket has accepted so far.
  std::uint64_t bytes_taken() const;
  void set_timer(std::uint64_t milliseconds);
  void set_idle_timer();
  void on_timer();

  ConnectionContext& context_;
  Handle<uv_tcp_t> tcp_;
  Handle<uv_timer_t> timer_;
  Phase phase_ = Phase::reading;
  bool reading_ = false;  // uv_read_start is in force

  MessageParser parser_;
  std::string body_;            // of the request that comes in
  std::string early_;           // bytes of later requests
  std::size_t early_used_ = 0;  // how many of them the parser has had
  int refusal_ = 0;             // the status that a hook of the parser wants
  std::string refusal_message_;

  std::shared_ptr<Reply> reply_;  // answering
  bool reply_ended_ = false;      // its last bytes are with libuv
  bool keep_alive_ = false;
  std::size_t writes_ = 0;     // with libuv
  std::uint64_t written_ = 0;  // bytes given to libuv so far
  std::uint64_t taken_ = 0;    // bytes_taken() when the timer was set
};

}  // namespace crayon::transport
