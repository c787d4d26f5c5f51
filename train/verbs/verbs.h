#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>

#include "base/exit.h"

namespace crayon::train {

/// What a verb does once the command line is read.
using Action = std::function<Exit()>;

/// One verb of the program.
struct Verb {
  const char* name;
  const char* summary;
  /// Declares the verb's arguments on its subcommand. The action runs when the verb was chosen.
  Action (*declare)(CLI::App& command);
};

/// All verbs of this build, in the order of the help text.
std::span<const Verb> verbs();

Action declare_pretrain(CLI::App& command);
Action declare_lora(CLI::App& command);
Action declare_pool(CLI::App& command);
Action declare_scales(CLI::App& command);
Action declare_rounding(CLI::App& command);
Action declare_probe(CLI::App& command);
Action declare_tasks(CLI::App& command);
Action declare_clip(CLI::App& command);
Action declare_token_weights(CLI::App& command);
Action declare_scenes(CLI::App& command);
Action declare_start_tokenizer(CLI::App& command);
Action declare_tokenizer(CLI::App& command);  // of crayon-train-tokenizer
Action declare_encode(CLI::App& command);

}  // namespace crayon::train
