#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>

#include "base/exit.h"

namespace crayon::cli {

/// Flags that every verb has.
struct Common {
  bool json = false;
};

/// What a verb does once the command line is read.
using Action = std::function<Exit()>;

/// One verb of the program.
struct Verb {
  const char* name;
  const char* summary;
  /// Declares the verb's arguments on its subcommand. The action runs when the verb was chosen;
  /// `common` outlives it.
  Action (*declare)(CLI::App& command, const Common& common);
};

/// All verbs, in the order of the help text.
std::span<const Verb> verbs();

Action declare_pack(CLI::App& command, const Common& common);
Action declare_pack_adapter(CLI::App& command, const Common& common);
Action declare_pack_pool(CLI::App& command, const Common& common);
Action declare_info(CLI::App& command, const Common& common);
Action declare_verify(CLI::App& command, const Common& common);
Action declare_activate(CLI::App& command, const Common& common);
Action declare_run(CLI::App& command, const Common& common);
Action declare_tokenize(CLI::App& command, const Common& common);
Action declare_perplexity(CLI::App& command, const Common& common);
Action declare_compare(CLI::App& command, const Common& common);
Action declare_logits(CLI::App& command, const Common& common);
Action declare_blend(CLI::App& command, const Common& common);
Action declare_calibrate(CLI::App& command, const Common& common);
Action declare_eval(CLI::App& command, const Common& common);
Action declare_ask(CLI::App& command, const Common& common);
Action declare_serve(CLI::App& command, const Common& common);
Action declare_bench(CLI::App& command, const Common& common);
Action declare_doctor(CLI::App& command, const Common& common);

}  // namespace crayon::cli
