#pragma once

#include <optional>
#include <string>

#include "cli/engine.h"
#include "cli/options.h"
#include "cli/output.h"
#include "store/store.h"

namespace crayon::cli {

// What the verbs that change or show a store share.

inline constexpr const char* default_root = "/var/lib/crayon";
/// --root.
void add_root_option(Command& command, std::string& root);

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

/// {"role","id","release","signer","bytes"}
Json member_json(const store::Member& member);
/// {"deployment","bundles","golden"}
Json deployment_json(const store::Deployment& deployment);
/// A line for each bundle, on standard output.
void print_members(const store::Deployment& deployment);

}  // namespace crayon::cli
