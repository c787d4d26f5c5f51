#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "runtime/hybrid/assistant.h"
#include "transport/http_server.h"

namespace crayon::serving {

struct ServeOptions {
  transport::ServerOptions http;
  std::string model_name;           ///< what /v1/models lists and replies name
  std::size_t queue = 16;           ///< requests that may wait; one more gets 429
  hybrid::AskOptions ask;           ///< route, threshold and deadline for every request
  std::uint32_t max_tokens = 4096;  ///< the most that a request may ask for
};

/// The OpenAI-compatible API over an assistant: POST /v1/chat/completions (streaming and not),
/// GET /v1/models, GET /health; see docs/http-api.md. One inference thread; the event loop never
/// waits for it. Of `options.ask`, `generate` and `cancelled` come from each request instead.
class Server {
 public:
  /// Binds and listens. Throws io when the address is taken, bad_argument for a route remote
  /// without one. `assistant` must outlive the server.
  Server(const ServeOptions& options, const hybrid::Assistant& assistant);
  ~Server();
  std::uint16_t port() const;
  /// Until stop(), SIGINT or SIGTERM: then takes no more requests, gives the one under way the
  /// HTTP server's grace, drops those that wait, and returns.
  void run();
  void stop();  ///< from any thread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crayon::serving
