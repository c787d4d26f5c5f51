#pragma once

#include <array>
#include <exception>
#include <string>
#include <string_view>

#include "transport/http_client.h"
#include "transport/loop.h"
#include "transport/message_parser.h"
#include "transport/patience.h"
#include "transport/resolver.h"

namespace crayon::transport {

/// One request and its reply on a loop of its own: connects to the first address that answers,
/// sends, reads. Used once.
class Exchange {
 public:
  /// All must outlive the exchange. `message` is the whole request as it goes over the wire;
  /// `request` gives the method and the limits.
  Exchange(const ClientRequest& request, const std::string& message, const Addresses& addresses,
           const Patience& patience, const OnBody& on_body);

  /// Blocks until the reply is complete; throws what fetch() does.
  ClientResponse run();

 private:
  template <typename Action>
  void guarded(const Action& action);
  void fail(std::exception_ptr error);
  void end();

  void start_timers();
  void connect_next();
  void attempt_failed(const std::string& reason);
  void on_connected(int status);
  void send();
  void on_read(std::string_view bytes);
  void on_read_end(int status);
  MessageParser::AfterHead on_head(const MessageHead& head);
  bool take_body(std::string_view bytes);

  const ClientRequest& request_;
  const std::string& message_;
  const Addresses& addresses_;
  const Patience& patience_;
  const OnBody& on_body_;

  Loop loop_;
  Handle<uv_tcp_t> tcp_;
  Handle<uv_timer_t> deadline_;
  Handle<uv_timer_t> attempt_;  // ends one attempt to connect, so that the next has its share
  Handle<uv_timer_t> cancel_;
  uv_write_t write_ = {};
  std::array<char, std::size_t{64} * 1024> buffer_;
  std::size_t next_address_ = 0;
  std::string failures_;  // of the attempts to connect

  MessageParser parser_;
  ClientResponse response_;
  bool is_final_ = false;  // the head that was read last is not an interim one (1xx)
  bool stopped_by_caller_ = false;
  std::exception_ptr error_;
};

}  // namespace crayon::transport
