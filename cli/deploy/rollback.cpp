#include <fmt/format.h>

#include <memory>

#include "cli/deploy/deployment_description.h"
#include "cli/deploy/health_check.h"
#include "cli/verbs.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string root = default_root;
  HealthOptions health;
};

Exit rollback(const Options& options, const Common& common) {
  store::Store store(options.root);
  show_deployment(store.rollback(health_check(options.health)), true, "active again", common);
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
