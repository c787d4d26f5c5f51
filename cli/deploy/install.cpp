#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/system_error.h"
#include "cli/deploy/deployment_description.h"
#include "cli/deploy/health_check.h"
#include "cli/inspect/session_memory.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "runtime/model/weight_plan.h"

namespace crayon::cli {
namespace {

struct Options {
  std::vector<std::string> bundles;
  std::string golden;
  std::string root = default_root;
  std::string name = "stdin";
  bool allow_unsigned = false;
  bool allow_older = false;
  bool move = false;
  bool activate = false;
  bool check_memory = true;
  SessionOptions session;
  HealthOptions health;
};

store::Needs needs_of(const formats::Bundle& model, const Options& options) {
  store::Needs needs;
  needs.image =
      model::WeightPlan(model.info(), select_kernels(options.health.engine.kernels).layout).bytes();
  if (options.check_memory) {
    needs.memory = memory_of(model.info(), options.session).estimate.total();
  }
  return needs;
}

/// A bar for each of the steps that an installation names.
class Bars {
 public:
  void show(const std::string& what, std::uint64_t done, std::uint64_t all) {
    if (what != what_) {
      bar_.emplace(what, "B");
      what_ = what;
    }
    bar_->update(done, all);
  }

 private:
  std::string what_;
  std::optional<Progress> bar_;
};

/// What arrives on standard input, as a file that goes once it is installed.
store::Incoming save_input(const Options& options) {
  const std::filesystem::path folder = std::filesystem::path(options.root) / "uploads";
  std::filesystem::create_directories(folder);
  const std::filesystem::path path = folder / (options.name + ".crayon");
  AtomicFile file(path);
  std::vector<std::uint8_t> piece(1u << 20);
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw_system_error("read", "standard input", errno);
    }
    if (count == 0) {
      break;
    }
    file.write(ByteSpan(piece).first(static_cast<std::size_t>(count)));
  }
  file.commit();
  return {path, true};
}

store::Request to_request(const Options& options) {
  store::Request request;
  for (const std::string& bundle : options.bundles) {
    request.bundles.push_back(bundle == "-" ? save_input(options)
                                            : store::Incoming{bundle, options.move});
  }
  if (!options.golden.empty()) {
    request.golden = options.golden;
  }
  request.allow_unsigned = options.allow_unsigned;
  request.allow_older = options.allow_older;
  return request;
}

store::Deployment install_into(store::Store& store, const Options& options) {
  Bars bars;
  return store.install(
      to_request(options), [&](const formats::Bundle& model) { return needs_of(model, options); },
      [&](const std::string& what, std::uint64_t done, std::uint64_t all) {
        bars.show(what, done, all);
      });
}

/// What the active deployment has and the new one cannot use.
void note_left_out(const std::optional<store::Deployment>& active,
                   const store::Deployment& installed) {
  for (const store::Member& member : active ? active->members : std::vector<store::Member>{}) {
    if (installed.find(member.role) == nullptr) {
      note(fmt::format("{} is left out: it belongs to the model of deployment {}", member.role,
                       active->number));
    }
  }
}

Exit install(const Options& options, const Common& common) {
  store::Store store(options.root);
  const std::optional<store::Deployment> before = store.active();
  const store::Deployment installed = install_into(store, options);
  note_left_out(before, installed);
  if (options.activate) {
    store.activate(installed.number, health_check(options.health));
  }
  const bool active = store.state().active == installed.number;
  show_deployment(
      installed, active,
      active ? "active" : "installed; it answers after: crayon activate --root " + options.root,
      common);
  return Exit::ok;
}

}  // namespace

Action declare_install(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command
      .add_option("BUNDLE", options->bundles,
                  "A model, a pool, adapters; - is standard input. What is active and still fits "
                  "is kept beside them")
      .required();
  add_root_option(command, options->root);
  command.add_option("--golden", options->golden, "What the model should answer: crayon golden")
      .value_name("FILE");
  command.add_flag("--activate", options->activate, "Let it answer at once, if it is healthy");
  command.add_flag("--move", options->move,
                   "The files go once they are installed, which saves copies on one file system");
  command.add_option("--name", options->name, "The name of an adapter from standard input")
      .show_default();
  command.add_flag("--allow-unsigned", options->allow_unsigned,
                   "Take bundles that are not signed, although keys are trusted");
  command.add_flag("--allow-older", options->allow_older,
                   "Take releases that are older than what was active");
  command.add_flag("--check-memory,!--no-check-memory", options->check_memory,
                   "Refuse what does not fit into free memory, which is the default");
  add_session_options(command, options->session);
  add_health_options(command, options->health);
  return [options, &common] { return install(*options, common); };
}

}  // namespace crayon::cli
