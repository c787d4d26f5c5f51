#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "serving/service.h"
#include "transport/http_server.h"

namespace crayon::serving {

// One function an endpoint. It reads the request's body, on the event loop, and throws malformed or
// bad_argument, naming the field, for what it cannot be. What it returns makes the reply, on a
// thread that may wait; see Job::run. `service` outlives it.
using Work =
    std::function<void(transport::Responder& responder, const std::atomic<bool>& cancelled)>;

/// POST /v1/chat/completions
Work chat_completions(Service& service, std::string_view body);
/// POST /v1/completions
Work completions(Service& service, std::string_view body);
/// POST /v1/embeddings: the mean over a text's tokens of the residual stream behind the last layer.
Work embeddings(Service& service, std::string_view body);
/// POST /tokenize
Work tokenize(Service& service, std::string_view body);
/// POST /detokenize
Work detokenize(Service& service, std::string_view body);
/// GET /v1/adapters/pool: what a device needs to compute weights, as `crayon-train pool` writes it:
/// {"tau", "embedding", "adapters": [names], "indicators": [[..]]}.
Work describe_pool(Service& service, std::string_view body);
/// POST /v1/adapters/blend: an adapter bundle. Throws not_found when the server has no pool.
Work blend(Service& service, std::string_view body);

}  // namespace crayon::serving
