#pragma once

#include <functional>
#include <span>

#include "arguments/command.h"
#include "base/exit.h"

namespace crayon::cli {

using arguments::Command;

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
  Action (*declare)(Command& command, const Common& common);
};

/// All verbs, in the order of the help text.
std::span<const Verb> verbs();

// cli/make/
Action declare_pack(Command& command, const Common& common);
Action declare_pack_adapter(Command& command, const Common& common);
Action declare_pack_pool(Command& command, const Common& common);
Action declare_blend(Command& command, const Common& common);
Action declare_calibrate(Command& command, const Common& common);

// cli/inspect/
Action declare_info(Command& command, const Common& common);
Action declare_verify(Command& command, const Common& common);
Action declare_tokenize(Command& command, const Common& common);
Action declare_doctor(Command& command, const Common& common);

// cli/answer/
Action declare_run(Command& command, const Common& common);
Action declare_read(Command& command, const Common& common);
Action declare_ask(Command& command, const Common& common);
Action declare_chat(Command& command, const Common& common);
Action declare_serve(Command& command, const Common& common);

// cli/eval/
Action declare_eval(Command& command, const Common& common);
Action declare_perplexity(Command& command, const Common& common);
Action declare_compare(Command& command, const Common& common);
Action declare_logits(Command& command, const Common& common);

// cli/encoder/
Action declare_embed(Command& command, const Common& common);
Action declare_index(Command& command, const Common& common);
Action declare_search(Command& command, const Common& common);

// cli/deploy/
Action declare_keygen(Command& command, const Common& common);
Action declare_sign(Command& command, const Common& common);
Action declare_trust(Command& command, const Common& common);
Action declare_golden(Command& command, const Common& common);
Action declare_install(Command& command, const Common& common);
Action declare_activate(Command& command, const Common& common);
Action declare_rollback(Command& command, const Common& common);
Action declare_status(Command& command, const Common& common);

// cli/bench/
Action declare_bench(Command& command, const Common& common);

// cli/report/
Action declare_report(Command& command, const Common& common);

// cli/
Action declare_manual(Command& command, const Common& common);
Action declare_completion(Command& command, const Common& common);

}  // namespace crayon::cli
