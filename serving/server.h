#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "serving/service.h"
#include "transport/http_server.h"

namespace crayon::serving {

struct ServeOptions {
  transport::ServerOptions http;
  std::size_t parallel = 4;  ///< requests that are answered at once
  std::size_t queue = 16;    ///< requests that may wait besides; one more gets 429
  std::string api_key;  ///< what requests must bring as "Authorization: Bearer"; empty: nothing
  /// What /metrics says besides of the machine and the process, at the moment; may be empty.
  std::function<std::vector<Metrics::Gauge>()> gauges;
};

/// The OpenAI-compatible API over an assistant, and a chat page at /; see docs/http-api.md. Threads
/// of its own answer; the event loop never waits for them.
class Server {
 public:
  /// Binds and listens. Throws io when the address is taken, bad_argument for a route remote
  /// without one. `service` must outlive the server.
  Server(const ServeOptions& options, Service& service);
  ~Server();
  std::uint16_t port() const;
  /// Until stop(), SIGINT or SIGTERM: then takes no more requests, gives those under way the HTTP
  /// server's grace, drops those that wait, and returns.
  void run();
  void stop();  ///< from any thread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crayon::serving
