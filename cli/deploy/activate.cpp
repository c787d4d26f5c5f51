#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "base/system_files.h"
#include "base/thread_pool.h"
#include "cli/deploy/deployment_description.h"
#include "cli/deploy/health_check.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/placement.h"
#include "cli/verbs.h"
#include "formats/bundle.h"
#include "runtime/model/image.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string target;  ///< a model bundle, or the number of a deployment
  std::string root = default_root;
  bool remove = false;
  HealthOptions health;
};

/// The newest one, unless a number is given.
std::uint64_t deployment_of(const store::Store& store, const std::string& number) {
  if (!number.empty()) {
    return *parse_number(number);
  }
  const std::vector<store::Deployment> all = store.deployments();
  if (all.empty()) {
    throw Error(Code::bad_argument,
                fmt::format("nothing is installed in {}", store.root().string()),
                "install a model first: crayon install; or name a model bundle");
  }
  return all.back().number;
}

Exit activate_deployment(const Options& options, const Common& common) {
  store::Store store(options.root);
  const std::uint64_t number = deployment_of(store, options.target);
  store.activate(number, health_check(options.health));
  show_deployment(store.deployment(number), true, "active", common);
  return Exit::ok;
}

Exit write_image(const Options& options, const Common& common) {
  const double started = monotonic_seconds();
  const kernels::KernelSet& kernels = select_kernels(options.health.engine.kernels);
  ThreadPool pool(options.health.engine.threads, place_threads(options.health.engine).cpus);
  const formats::Bundle bundle = formats::Bundle::open(options.target);
  const std::filesystem::path path = model::write_image(bundle, {&kernels, &pool});
  const double seconds = monotonic_seconds() - started;
  const std::uint64_t bytes = std::filesystem::file_size(path);
  if (common.json) {
    print_json({{"path", path.string()},
                {"bytes", bytes},
                {"kernels", kernels.name},
                {"seconds", seconds}});
  } else {
    print(fmt::format("{}: {}, kernels {}, {:.2f} s\n", path.string(), bytes_text(bytes),
                      kernels.name, seconds));
  }
  return Exit::ok;
}

Exit remove_images(const Options& options, const Common& common) {
  Json removed = Json::array();
  for (const std::filesystem::path& path : model::remove_images(options.target)) {
    removed.push_back(path.string());
    if (!common.json) {
      print(fmt::format("removed {}\n", path.string()));
    }
  }
  if (common.json) {
    print_json({{"removed", removed}});
  }
  return Exit::ok;
}

}  // namespace

Action declare_activate(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option(
      "TARGET", options->target,
      "The number of an installed deployment, else the newest; or a model bundle, to "
      "leave a packed image beside it");
  add_root_option(command, options->root);
  command.add_flag("--remove", options->remove, "Remove a model bundle's images instead");
  add_health_options(command, options->health);
  return [options, &common] {
    const bool is_bundle = !options->target.empty() && !parse_number(options->target);
    return !is_bundle        ? activate_deployment(*options, common)
           : options->remove ? remove_images(*options, common)
                             : write_image(*options, common);
  };
}

}  // namespace crayon::cli
