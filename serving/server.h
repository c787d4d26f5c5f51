#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/hybrid/assistant.h"
#include "transport/http_server.h"

namespace crayon::serving {

struct ServeOptions {
  transport::ServerOptions http;
  std::string model_name;           ///< what /v1/models lists
  std::size_t queue = 16;           ///< requests that may wait; one more gets 429
  hybrid::AskOptions ask;           ///< route, threshold and deadline for every request
  std::uint32_t max_tokens = 4096;  ///< the most that a request may ask for
};

/// The OpenAI-compatible API over an assistant: POST /v1/chat/completions (streaming and not),
/// GET /v1/models, GET /health. One inference thread; the event loop never waits for it.
class Server {
 public:
  Server(const ServeOptions& options, hybrid::Assistant& assistant);
  ~Server();
  std::uint16_t port() const;
  void run();   ///< until stop(), SIGINT or SIGTERM
  void stop();  ///< from any thread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crayon::serving
