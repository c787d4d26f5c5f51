#include "transport/request_message.h"

#include <limits>

#include "base/error.h"

namespace crayon::transport {
namespace {

constexpr std::size_t max_message_bytes = std::numeric_limits<std::int32_t>::max();  // libuv's

void check_header(const std::string& name, const std::string& value) {
  if (!is_token(name) || !is_field_value(value)) {
    throw Error(Code::bad_argument, "the header field \"" + (is_token(name) ? name : "") +
                                        "\" has characters that HTTP does not allow");
  }
  for (const char* ours : {"Host", "Connection", "Content-Length", "Transfer-Encoding", "Expect",
                           "Proxy-Authorization"}) {
    if (equal_without_case(name, ours)) {
      throw Error(Code::bad_argument, "the header field " + name + " is Crayon's to set");
    }
  }
}

}  // namespace

std::string serialize(const ClientRequest& request, const Url& url, const Proxy* proxy,
                      bool keep_alive) {
  if (!is_token(request.method) || request.method == "CONNECT") {
    throw Error(Code::bad_argument, "not an HTTP method that a request may have");
  }
  const bool through_proxy = proxy != nullptr && url.scheme == Url::Scheme::http;
  std::string message = request.method + " ";
  if (through_proxy) {
    message.append("http://").append(url.authority());
  }
  message.append(url.path).append(" HTTP/1.1\r\nHost: ").append(url.authority()).append("\r\n");
  if (!keep_alive) {
    message += "Connection: close\r\n";
  }
  if (through_proxy && !proxy->authorization.empty()) {
    message.append("Proxy-Authorization: ").append(proxy->authorization).append("\r\n");
  }
  for (const auto& [name, value] : request.headers) {
    check_header(name, value);
    message.append(name).append(": ").append(value).append("\r\n");
  }
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
      request.method == "PATCH") {
    message += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  message += "\r\n";
  if (message.size() > max_message_bytes ||
      request.body.size() > max_message_bytes - message.size()) {
    throw Error(Code::bad_argument, "the request is larger than 2 GiB");
  }
  return message + request.body;
}

}  // namespace crayon::transport
