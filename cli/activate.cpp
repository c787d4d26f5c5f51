#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/thread_pool.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/placement.h"
#include "cli/verbs.h"
#include "formats/bundle.h"
#include "runtime/model/image.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  bool remove = false;
  EngineOptions engine;
};

Exit write_image(const Options& options, const Common& common) {
  const double started = monotonic_seconds();
  const kernels::KernelSet& kernels = select_kernels(options.engine.kernels);
  ThreadPool pool(options.engine.threads, place_threads(options.engine).cpus);
  const formats::Bundle bundle = formats::Bundle::open(options.model);
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
  for (const std::filesystem::path& path : model::remove_images(options.model)) {
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
  command.add_option("MODEL", options->model, "A model bundle").required();
  command.add_flag("--remove", options->remove, "Remove the bundle's images instead");
  add_engine_options(command, options->engine);
  return [options, &common] {
    return options->remove ? remove_images(*options, common) : write_image(*options, common);
  };
}

}  // namespace crayon::cli
