#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "transport/http_message.h"

namespace crayon::transport {

struct ClientRequest {
  std::string method = "GET";
  std::string url = {};
  Headers headers = {};
  std::string body = {};
  /// From the call to the end of the reply, name resolution and connecting included.
  std::chrono::milliseconds deadline{30000};
  Limits limits = {};
  /// Set by another thread, it ends the exchange with the error `cancelled` within 50 ms.
  const std::atomic<bool>* cancelled = nullptr;
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;  ///< empty when on_body took it
};

/// Gets the body of a 2xx reply as it arrives; false ends the exchange, which then succeeds.
using OnBody = std::function<bool(std::string_view)>;

/// One HTTP/1.1 exchange on an event loop of its own; returns when the reply is complete. Throws
/// resolve_failed, connect_failed, timed_out, connection_lost (also when the reply ends before
/// its length or last chunk), protocol, over_limit, cancelled; bad_argument for a URL, method or
/// header field that cannot be sent; and what on_body throws. A status is not an error here.
ClientResponse fetch(const ClientRequest& request, const OnBody& on_body = {});

}  // namespace crayon::transport
