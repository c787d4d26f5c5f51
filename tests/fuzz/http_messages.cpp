#include "tests/fuzz/http_messages.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace crayon::fuzz {
namespace {

using transport::Headers;
using transport::Limits;
using transport::MessageHead;
using transport::MessageParser;
using Status = MessageParser::Status;

struct Message {
  MessageHead head;
  std::string body;
  int heads = 0;
};

bool operator==(const Message& a, const Message& b) {
  return a.heads == b.heads && a.head.method == b.head.method && a.head.target == b.head.target &&
         a.head.status == b.head.status && a.head.major == b.head.major &&
         a.head.minor == b.head.minor && a.head.headers == b.head.headers &&
         a.head.content_length == b.head.content_length && a.head.keep_alive == b.head.keep_alive &&
         a.body == b.body;
}

/// What a connection has brought.
struct Seen {
  std::vector<Message> complete;
  Message last;  ///< as far as it came; nothing once it is refused
  bool refused = false;
  bool ended = false;    ///< the end of the connection is the end of the last message
  std::size_t used = 0;  ///< bytes of all complete messages
};

bool operator==(const Seen& a, const Seen& b) {
  return a.complete == b.complete && a.last == b.last && a.refused == b.refused &&
         a.ended == b.ended && a.used == b.used;
}

bool has(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& field) {
    return transport::equal_without_case(field.first, name);
  });
}

std::size_t text_bytes(const MessageHead& head) {
  std::size_t bytes = head.target.size();
  for (const auto& [name, value] : head.headers) {
    bytes += name.size() + value.size();
  }
  return bytes;
}

void check_limits(const Message& message, const Limits& limits) {
  require(text_bytes(message.head) <= limits.header_bytes, "a head is within its limit");
  require(message.body.size() <= limits.body_bytes, "a body is within its limit");
}

void check_complete(MessageParser::Kind kind, const Message& message) {
  require(message.heads == 1, "a message has one head");
  for (const auto& [name, value] : message.head.headers) {
    require(transport::is_token(name), "a field's name is a token");
    require(transport::is_field_value(value), "a field's value has no control characters");
  }
  if (kind == MessageParser::Kind::request) {
    // Where these fail, a request can be smuggled past whoever reads them otherwise.
    const bool tunnel = message.head.method == "CONNECT";
    require(!tunnel || !message.head.keep_alive, "no request follows a CONNECT");
    const bool chunked = has(message.head.headers, "Transfer-Encoding");
    require(!chunked || !message.head.content_length, "a body has one length");
    require(chunked || tunnel || message.body.size() == message.head.content_length.value_or(0),
            "a body is as long as its head says");
    require(transport::is_token(message.head.method), "a method is a token");
    require(!message.head.target.empty() &&
                message.head.target.find_first_of(" \t\r\n\f\x1b\x7f") == std::string::npos,
            "a target has no control characters");
  }
}

class Connection {
 public:
  Connection(MessageParser::Kind kind, const Limits& limits)
      : kind_(kind),
        limits_(limits),
        parser_(kind, limits,
                {[this](const MessageHead& head) {
                   seen_.last.head = head;
                   ++seen_.last.heads;
                   return MessageParser::AfterHead::read_body;
                 },
                 [this](std::string_view bytes) {
                   seen_.last.body += bytes;
                   check_limits(seen_.last, limits_);
                   return true;
                 }}) {}

  void feed(std::string_view bytes) {
    while (!bytes.empty() && !seen_.refused && !closed_) {
      const MessageParser::Fed fed = parser_.feed(bytes);
      require(fed.used <= bytes.size(), "no more is used than there is");
      since_start_ += fed.used;
      check_limits(seen_.last, limits_);
      check_limits({parser_.head(), {}}, limits_);
      if (fed.status == Status::more) {
        require(fed.used == bytes.size(), "all is used while a message goes on");
        return;
      }
      if (fed.status != Status::complete) {
        require(parser_.reason() != nullptr, "a refusal has a reason");
        seen_.refused = true;
        seen_.last = {};  // when a limit is noticed does depend on the pieces
        return;
      }
      require(fed.used > 0, "a message takes up bytes");
      bytes.remove_prefix(fed.used);
      complete();
      parser_.reset();
    }
  }

  const Seen& finish() {
    if (!seen_.refused && !closed_) {
      seen_.ended = parser_.finish() == Status::complete;
      if (seen_.ended) {
        complete();
      }
    }
    return seen_;
  }

 private:
  void complete() {
    check_complete(kind_, seen_.last);
    closed_ = !seen_.last.head.keep_alive;
    seen_.complete.push_back(std::exchange(seen_.last, {}));
    seen_.used += std::exchange(since_start_, 0);
  }

  MessageParser::Kind kind_;
  Limits limits_;
  Seen seen_;
  std::size_t since_start_ = 0;
  bool closed_ = false;  // the last message was the connection's last
  MessageParser parser_;
};

}  // namespace

void check_http_messages(MessageParser::Kind kind, std::string_view bytes) {
  for (const Limits& limits : {Limits{}, Limits{.header_bytes = 96, .body_bytes = 24}}) {
    std::vector<Seen> all;
    for (const std::vector<std::string_view>& pieces : deliveries(bytes)) {
      Connection connection(kind, limits);
      for (const std::string_view piece : pieces) {
        connection.feed(piece);
      }
      all.push_back(connection.finish());
      require(all.back() == all.front(), "what is read does not depend on the pieces");
    }
  }
}

}  // namespace crayon::fuzz
