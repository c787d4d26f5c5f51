#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "transport/byte_stream.h"
#include "transport/call.h"
#include "transport/connection_pool.h"
#include "transport/dialer.h"
#include "transport/loop_thread.h"
#include "transport/message_parser.h"

namespace crayon::transport {

/// What exchanges need of their client; outlives them.
struct ExchangeContext {
  LoopThread& thread;
  ConnectionPool& pool;
  ReadBuffer buffer = {};  ///< of whichever connection reads at the moment
};

/// The loop's side of a call: gets a connection, sends the request, reads the reply. Used once.
class Exchange : public std::enable_shared_from_this<Exchange>, private StreamOwner {
 public:
  /// `on_over` is called, on the loop, when nothing is left to do.
  Exchange(ExchangeContext& context, std::shared_ptr<Call> call, std::function<void()> on_over);

  void start();
  /// The caller has taken what waited for it.
  void resume();
  /// The caller has gone.
  void abort();

 private:
  template <typename Action>
  void guarded(const Action& action);
  void fail(const Error& error);
  void finish(bool reusable);
  void over();

  void dial();
  void use(std::shared_ptr<ByteStream> stream);

  void on_bytes(std::string_view bytes) override;
  void on_end(const StreamEnd& end) override;
  MessageParser::AfterHead on_head(const MessageHead& head);
  bool on_body(std::string_view bytes);
  void check(const MessageParser::Fed& fed) const;

  ExchangeContext& context_;
  const std::shared_ptr<Call> call_;
  std::function<void()> on_over_;
  std::shared_ptr<Dialer> dialer_;
  std::shared_ptr<ByteStream> stream_;
  MessageParser parser_;
  bool is_reused_ = false;      // the connection has carried other exchanges
  bool is_sent_ = false;        // the whole request
  bool has_begun_ = false;      // the reply
  bool head_is_final_ = false;  // the head that was read last is not an interim one (1xx)
};

}  // namespace crayon::transport
