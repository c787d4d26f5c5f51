// The workstation's program: makes what adapter pools are trained and judged on. Reads the command
// line, runs one verb, and turns what went wrong into a sentence and an exit code.

#include <fmt/format.h>
#include <malloc.h>

#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "base/error.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

/// Training allocates and frees the same large tensors in every step. glibc would hand each of them
/// back to the system and have it fault in zeroed pages for the next one; this keeps them.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int step = 256 << 20;  // bytes by which the heap grows
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);  // never
  mallopt(M_TOP_PAD, step);
#endif
}

/// The chosen verb's action. An empty one means that help was all. Throws bad_argument.
Action parse(int argc, char** argv) {
  CLI::App app("Makes what adapter pools are trained and judged on.", "crayon-train");
  app.require_subcommand(0, 1);  // none is told below, behind the unknown ones
  std::vector<std::pair<const CLI::App*, Action>> actions;
  for (const Verb& verb : verbs()) {
    CLI::App* command = app.add_subcommand(verb.name, verb.summary);
    actions.emplace_back(command, verb.declare(*command));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    app.exit(success);
    return {};
  } catch (const CLI::ParseError& error) {
    throw Error(Code::bad_argument, error.what(), "crayon-train [VERB] --help lists what there is");
  }
  for (auto& [command, action] : actions) {
    if (command->parsed()) {
      return std::move(action);
    }
  }
  throw Error(Code::bad_argument, "there is no verb", "crayon-train --help lists them");
}

Exit run(int argc, char** argv) {
  try {
    const Action action = parse(argc, argv);
    const Exit exit = action ? action() : Exit::ok;
    if (std::fflush(stdout) != 0) {
      throw Error(Code::io, "cannot write to standard output");
    }
    return exit;
  } catch (const Error& error) {
    fmt::print(stderr, "crayon-train: {}\n", error.what());
    if (!error.hint().empty()) {
      fmt::print(stderr, "  hint: {}\n", error.hint());
    }
    return exit_of(error.code());
  } catch (const std::exception& failure) {
    fmt::print(stderr, "crayon-train: {}\n", failure.what());
    return Exit::system;
  }
}

}  // namespace
}  // namespace crayon::train

int main(int argc, char** argv) {
  crayon::train::keep_freed_memory();
  return static_cast<int>(crayon::train::run(argc, argv));
}
