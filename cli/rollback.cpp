#include <fmt/format.h>

#include <memory>

#include "cli/store_options.h"
#include "cli/verbs.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string root = default_root;
  HealthOptions health;
};

Exit rollback(const Options& options, const Common& common) {
  store::Store store(options.root);
  const store::Deployment now = store.rollback(health_check(options.health));
  if (common.json) {
    Json out = deployment_json(now);
    out["active"] = true;
    print_json(out);
  } else {
    print(fmt::format("deployment {}: active again\n", now.number));
    print_members(now);
  }
  return Exit::ok;
}

}  // namespace

Action declare_rollback(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  add_root_option(command, options->root);
  add_health_options(command, options->health);
  return [options, &common] { return rollback(*options, common); };
}

}  // namespace crayon::cli
