#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include "formats/bundle.h"
#include "formats/model_source.h"
#include "transport/http_client.h"

namespace crayon::cli {

/// A server that holds a pool, and how to reach it.
struct PoolServer {
  std::string url;
  std::string api_key;  ///< or empty
  std::chrono::milliseconds deadline{30000};
  transport::ClientOptions client;
};

/// The sum of the server's adapters by these weights, as an adapter of `base`. What is sent is
/// {"weights": [..]} and nothing else. Throws what transport::Client does, http_status with the
/// server's words, and what reading an adapter bundle does, wrong_base among that.
formats::AdapterSource fetch_blend(const PoolServer& server, std::span<const float> weights,
                                   const formats::Bundle& base);

}  // namespace crayon::cli
