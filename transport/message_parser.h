#pragma once

#include <http_parser.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "transport/http_message.h"

namespace crayon::transport {

/// All of a message before its body.
struct MessageHead {
  std::string method;  ///< requests
  std::string target;  ///< requests
  int status = 0;      ///< replies
  int major = 0;       ///< HTTP version
  int minor = 0;
  Headers headers;
  std::optional<std::uint64_t> content_length;
  bool keep_alive = false;  ///< the connection may carry another message
};

/// HTTP/1.1 messages out of bytes that arrive in any pieces: http-parser, with limits and with
/// callbacks that may throw.
class MessageParser {
 public:
  enum class Kind { request, reply };
  enum class Status {
    more,              ///< the message goes on
    complete,          ///< it has ended
    stopped,           ///< a hook said so
    malformed,         ///< not HTTP; reason() says why
    header_too_large,  ///< beyond the limits
    body_too_large,
  };
  enum class AfterHead { read_body, no_body, stop };
  struct Hooks {
    std::function<AfterHead(const MessageHead&)> on_head;
    /// False stops.
    std::function<bool(std::string_view)> on_body;
  };
  struct Fed {
    Status status;
    std::size_t used;  ///< bytes of the input that belong to this message
  };

  MessageParser(Kind kind, const Limits& limits, Hooks hooks);
  MessageParser(const MessageParser&) = delete;
  MessageParser& operator=(const MessageParser&) = delete;

  /// Takes bytes up to the end of one message. After anything but `more` comes reset(), or
  /// nothing. What a hook throws leaves here.
  Fed feed(std::string_view bytes);
  /// The peer sends no more: `complete` when that is what ends the message, `more` when the
  /// message is cut short.
  Status finish();
  /// Ready for the next message.
  void reset();

  /// A byte of the message has been seen.
  bool started() const { return started_; }
  const MessageHead& head() const { return head_; }
  const char* reason() const;

 private:
  friend struct ParserCallbacks;

  bool is_connect() const;
  bool count_header(std::size_t bytes);
  bool add_header_text(std::string_view text, bool is_value);
  int end_head();
  bool add_body(std::string_view bytes);
  Status status_after_execute() const;

  Kind kind_;
  Limits limits_;
  Hooks hooks_;
  http_parser parser_;
  MessageHead head_;
  std::size_t header_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool started_ = false;
  bool head_done_ = false;       // later fields are a trailer's
  bool in_value_ = true;         // the next piece of a field's name begins a new field
  const char* fault_ = nullptr;  // what http-parser lets pass and is malformed
  bool complete_ = false;
  Status verdict_ = Status::more;  // why a callback has halted the parser
  std::exception_ptr thrown_;
};

}  // namespace crayon::transport
