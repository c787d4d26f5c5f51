#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/engine.h"
#include "cli/options.h"
#include "store/store.h"

namespace crayon::cli {

/// How a deployment is tried before it may answer.
struct HealthOptions {
  EngineOptions engine;
  unsigned seconds = 0;  ///< in the place of the golden file's limit; 0: that one
  bool check = true;
};
void add_health_options(Command& command, HealthOptions& options);

/// Tries a deployment as a service would use it: writes its packed image, loads it with its
/// adapters and pool, and compares what it answers with its golden tokens. Says so on standard
/// error.
store::HealthCheck health_check(const HealthOptions& options);

/// The tokens that greedy decoding gives: `count` of them, or as many as there are after `seconds`
/// since `started`.
std::vector<formats::Token> golden_tokens(const Engine& engine, const std::string& prompt,
                                          std::size_t count, double started, double seconds);

}  // namespace crayon::cli
