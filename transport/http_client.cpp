#include "transport/http_client.h"

#include <limits>

#include "base/error.h"
#include "transport/exchange.h"
#include "transport/sigpipe.h"

namespace crayon::transport {
namespace {

constexpr std::size_t max_message_bytes = std::numeric_limits<std::int32_t>::max();  // libuv's

void check_header(const std::string& name, const std::string& value) {
  if (!is_token(name) || !is_field_value(value)) {
    throw Error(Code::bad_argument, "the header field \"" + (is_token(name) ? name : "") +
                                        "\" has characters that HTTP does not allow");
  }
  for (const char* ours : {"Host", "Connection", "Content-Length", "Transfer-Encoding", "Expect"}) {
    if (equal_without_case(name, ours)) {
      throw Error(Code::bad_argument, "the header field " + name + " is Crayon's to set");
    }
  }
}

std::string host_field(const Url& url) {
  std::string field;
  if (url.host.find(':') != std::string::npos) {
    field.append("[").append(url.host).append("]");
  } else {
    field = url.host;
  }
  if (url.port != 80) {
    field.append(":").append(std::to_string(url.port));
  }
  return field;
}

/// The request as it goes over the wire.
std::string serialize(const ClientRequest& request, const Url& url) {
  if (!is_token(request.method) || request.method == "CONNECT") {
    throw Error(Code::bad_argument, "not an HTTP method that a request may have");
  }
  std::string message = request.method + " " + url.path + " HTTP/1.1\r\nHost: ";
  message.append(host_field(url)).append("\r\nConnection: close\r\n");
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

}  // namespace

ClientResponse fetch(const ClientRequest& request, const OnBody& on_body) {
  const Url url = Url::parse(request.url);
  const std::string message = serialize(request, url);
  const Patience patience(request.deadline, request.cancelled);
  patience.check();
  const Addresses addresses = resolve(url.host, url.port, patience);
  const SigpipeBlock no_sigpipe;
  return Exchange(request, message, addresses, patience, on_body).run();
}

}  // namespace crayon::transport
