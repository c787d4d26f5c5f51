#pragma once

#include <string>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "store/deployment.h"

namespace crayon::cli {

// What the verbs that change or show a store share.

inline constexpr const char* default_root = "/var/lib/crayon";
/// --root.
void add_root_option(Command& command, std::string& root);

/// {"deployment","folder","bundles":[{"role","id","release","signer","bytes"}],"golden"}
Json deployment_json(const store::Deployment& deployment);
/// A line for each bundle, on standard output.
void print_members(const store::Deployment& deployment);

/// "deployment 3: WHAT", and what it holds; with --json, also whether it is active.
void show_deployment(const store::Deployment& deployment, bool active, const std::string& what,
                     const Common& common);

}  // namespace crayon::cli
