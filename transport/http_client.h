#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "transport/http_message.h"
#include "transport/proxy.h"
#include "transport/tls.h"
#include "transport/url.h"

namespace crayon::transport {

struct ClientRequest {
  std::string method = "GET";
  std::string url = {};  ///< http://, https:// or unix:, see Url
  /// Authorization among them, if the server wants one. Host, Connection, Content-Length,
  /// Transfer-Encoding, Expect and Proxy-Authorization are set here and refused.
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

/// Gets the body of a 2xx reply as it arrives, on the thread that asked; false ends the exchange,
/// which then succeeds. While it takes its time, the peer is left to wait.
using OnBody = std::function<bool(std::string_view)>;

struct ClientOptions {
  TlsOptions tls = {};
  ProxySettings proxies = {};        ///< the program may take ProxySettings::from_environment()
  std::size_t idle_connections = 8;  ///< kept for later requests, of all hosts; 0: none
  /// How long one is kept: shorter than servers do, or requests would run into closed ones.
  std::chrono::milliseconds idle_time{15000};
};

/// An HTTP/1.1 client, for any number of threads at once, with one event loop that the first
/// request starts on a thread of its own. Connections are reused. One that turns out to be closed
/// when it is used again, before any byte of a reply, is replaced once without notice, and the
/// request sent anew. Bytes that a server sends beyond a reply, or late, are never taken for
/// another reply: they end the connection.
class Client {
 public:
  explicit Client(ClientOptions options = {});
  /// No fetch() may be under way.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Returns when the reply is complete. Throws resolve_failed, connect_failed, timed_out,
  /// connection_lost (also when the reply ends before its length or last chunk), protocol,
  /// over_limit, cancelled; with https tls_handshake, certificate_untrusted, certificate_expired,
  /// certificate_host, certificate_required, and not_found or malformed for a file of the
  /// options; bad_argument for a URL, method or header field that cannot be sent; and what on_body
  /// throws. A status is not an error here.
  ClientResponse fetch(const ClientRequest& request, const OnBody& on_body = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One exchange with a client of its own, in plain or with the system's authorities, past any
/// proxy; the connection is closed after it.
ClientResponse fetch(const ClientRequest& request, const OnBody& on_body = {});

}  // namespace crayon::transport
