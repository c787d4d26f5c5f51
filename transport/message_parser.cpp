#include "transport/message_parser.h"

#include <algorithm>
#include <utility>

namespace crayon::transport {
namespace {

/// What a field costs besides its text, so that many tiny ones count.
constexpr std::size_t bytes_per_field = 4;  // ": " and CRLF

constexpr int go_on = 0;
constexpr int skip_body = 1;
constexpr int halt = -1;

bool is_visible(char c) {
  return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
}

}  // namespace

/// The C callbacks. None lets an exception through http-parser's frames.
struct ParserCallbacks {
  static MessageParser& self(http_parser* parser) {
    return *static_cast<MessageParser*>(parser->data);
  }

  template <typename Action>
  static int guarded(http_parser* parser, const Action& action) {
    try {
      return action(self(parser));
    } catch (...) {
      self(parser).thrown_ = std::current_exception();
      return halt;
    }
  }

  static int begin(http_parser* parser) {
    self(parser).started_ = true;
    return go_on;
  }
  static int url(http_parser* parser, const char* at, std::size_t length) {
    return guarded(parser, [&](MessageParser& message) {
      if (!message.count_header(length)) {
        return halt;
      }
      message.head_.target.append(at, length);
      return go_on;
    });
  }
  static int status(http_parser* parser, const char*, std::size_t length) {
    return self(parser).count_header(length) ? go_on : halt;
  }
  static int field(http_parser* parser, const char* at, std::size_t length) {
    return guarded(parser, [&](MessageParser& message) {
      return message.add_header_text({at, length}, false) ? go_on : halt;
    });
  }
  static int value(http_parser* parser, const char* at, std::size_t length) {
    return guarded(parser, [&](MessageParser& message) {
      return message.add_header_text({at, length}, true) ? go_on : halt;
    });
  }
  static int headers_complete(http_parser* parser) {
    return guarded(parser, [](MessageParser& message) { return message.end_head(); });
  }
  static int body(http_parser* parser, const char* at, std::size_t length) {
    return guarded(parser, [&](MessageParser& message) {
      return message.add_body({at, length}) ? go_on : halt;
    });
  }
  static int message_complete(http_parser* parser) {
    self(parser).complete_ = true;
    http_parser_pause(parser, 1);  // what follows belongs to the next message
    return go_on;
  }

  static const http_parser_settings& settings() {
    static const http_parser_settings all = [] {
      http_parser_settings settings;
      http_parser_settings_init(&settings);
      settings.on_message_begin = begin;
      settings.on_url = url;
      settings.on_status = status;
      settings.on_header_field = field;
      settings.on_header_value = value;
      settings.on_headers_complete = headers_complete;
      settings.on_body = body;
      settings.on_message_complete = message_complete;
      return settings;
    }();
    return all;
  }
};

MessageParser::MessageParser(Kind kind, const Limits& limits, Hooks hooks)
    : kind_(kind), limits_(limits), hooks_(std::move(hooks)) {
  reset();
}

void MessageParser::reset() {
  http_parser_init(&parser_, kind_ == Kind::request ? HTTP_REQUEST : HTTP_RESPONSE);
  parser_.data = this;
  head_ = {};
  header_bytes_ = 0;
  body_bytes_ = 0;
  started_ = false;
  head_done_ = false;
  in_value_ = true;
  fault_ = nullptr;
  complete_ = false;
  verdict_ = Status::more;
  thrown_ = nullptr;
}

MessageParser::Fed MessageParser::feed(std::string_view bytes) {
  if (bytes.empty()) {
    return {Status::more, 0};  // http-parser would take it for the end of the connection
  }
  const std::size_t used =
      http_parser_execute(&parser_, &ParserCallbacks::settings(), bytes.data(), bytes.size());
  if (thrown_) {
    std::rethrow_exception(std::exchange(thrown_, nullptr));
  }
  return {status_after_execute(), used};
}

MessageParser::Status MessageParser::finish() {
  http_parser_execute(&parser_, &ParserCallbacks::settings(), nullptr, 0);
  if (thrown_) {
    std::rethrow_exception(std::exchange(thrown_, nullptr));
  }
  return complete_ ? Status::complete : Status::more;
}

MessageParser::Status MessageParser::status_after_execute() const {
  if (verdict_ != Status::more) {
    return verdict_;
  }
  if (complete_) {
    return Status::complete;
  }
  switch (HTTP_PARSER_ERRNO(&parser_)) {
    case HPE_OK:
      return Status::more;
    case HPE_HEADER_OVERFLOW:
      return Status::header_too_large;
    default:
      return Status::malformed;
  }
}

const char* MessageParser::reason() const {
  if (fault_ != nullptr) {
    return fault_;
  }
  return http_errno_description(HTTP_PARSER_ERRNO(&parser_));
}

/// What follows is a tunnel's bytes, whatever length the head gives: no other request.
bool MessageParser::is_connect() const {
  return kind_ == Kind::request && parser_.method == HTTP_CONNECT;
}

bool MessageParser::count_header(std::size_t bytes) {
  header_bytes_ += bytes;
  if (header_bytes_ <= limits_.header_bytes) {
    return true;
  }
  verdict_ = Status::header_too_large;
  return false;
}

bool MessageParser::add_header_text(std::string_view text, bool is_value) {
  const bool new_field = !is_value && in_value_;
  in_value_ = is_value;
  if (!count_header(text.size() + (new_field ? bytes_per_field : 0))) {
    return false;
  }
  if (head_done_) {
    return true;  // a trailer: counted and dropped
  }
  if (new_field) {
    head_.headers.emplace_back();
  }
  auto& [name, value] = head_.headers.back();
  (is_value ? value : name).append(text);
  return true;
}

int MessageParser::end_head() {
  head_done_ = true;
  in_value_ = true;
  for (const auto& [name, value] : head_.headers) {
    // Debian's http-parser lets "Content-Length : 5" pass, as another field. Where two parsers
    // disagree on where a message ends, one message can be smuggled in another: RFC 9112
    // section 5.1. It also lets a value begin with any control character: RFC 9110 section 5.5.
    if (!is_token(name)) {
      fault_ = "invalid character in a field's name";
    } else if (!is_field_value(value)) {
      fault_ = "invalid character in a field's value";
    }
  }
  // It is built without its strict mode, in which a target has no form feed or tab.
  if (!std::all_of(head_.target.begin(), head_.target.end(), is_visible)) {
    fault_ = "invalid character in the target";
  }
  if (fault_ != nullptr) {
    verdict_ = Status::malformed;
    return halt;
  }
  if (kind_ == Kind::request) {
    head_.method = http_method_str(static_cast<http_method>(parser_.method));
  }
  head_.status = parser_.status_code;
  head_.major = parser_.http_major;
  head_.minor = parser_.http_minor;
  head_.keep_alive = http_should_keep_alive(&parser_) != 0 && !is_connect();
  if ((parser_.flags & F_CONTENTLENGTH) != 0) {
    head_.content_length = parser_.content_length;
  }
  switch (hooks_.on_head(head_)) {
    case AfterHead::no_body:
      return skip_body;
    case AfterHead::stop:
      verdict_ = Status::stopped;
      return halt;
    case AfterHead::read_body:
      break;
  }
  // Better to refuse what is announced as too large than to read it first.
  if (head_.content_length.value_or(0) > limits_.body_bytes) {
    verdict_ = Status::body_too_large;
    return halt;
  }
  return go_on;
}

bool MessageParser::add_body(std::string_view bytes) {
  body_bytes_ += bytes.size();
  if (body_bytes_ > limits_.body_bytes) {
    verdict_ = Status::body_too_large;
    return false;
  }
  if (!hooks_.on_body(bytes)) {
    verdict_ = Status::stopped;
    return false;
  }
  return true;
}

}  // namespace crayon::transport
