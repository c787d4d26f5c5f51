#include "transport/response_head.h"

#include <http_parser.h>

#include "base/error.h"
#include "transport/chat_api.h"
#include "transport/http_message.h"

namespace crayon::transport {

bool status_has_body(int status) {
  return status != 204 && status != 304;
}

std::string ResponseHead::text() const {
  if (status < 200 || status > 599) {
    throw Error(Code::bad_argument,
                "a reply's status must lie in 200..599, not " + std::to_string(status));
  }
  if (content_type.empty() || !is_field_value(content_type)) {
    throw Error(Code::bad_argument, "a reply's content type is empty or has control characters");
  }
  std::string text = "HTTP/1.1 " + std::to_string(status) + " " +
                     http_status_str(static_cast<http_status>(status)) + "\r\n";
  if (framing != Framing::none) {
    text.append("Content-Type: ").append(content_type).append("\r\n");
  }
  if (framing == Framing::length) {
    text += "Content-Length: " + std::to_string(length) + "\r\n";
  } else if (framing == Framing::chunked) {
    text += "Transfer-Encoding: chunked\r\n";
  }
  text += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return text;
}

std::string error_response(int status, std::string_view message) {
  const std::string body = error_json(
      message, status < 500 ? "invalid_request_error" : "server_error", std::to_string(status));
  const ResponseHead head{.status = status,
                          .content_type = "application/json",
                          .framing = Framing::length,
                          .length = body.size(),
                          .keep_alive = false};
  return head.text() + body;
}

}  // namespace crayon::transport
