#include "cli/command_line.h"

namespace crayon::cli {

CommandLine::CommandLine(Common& common)
    : program("crayon", "Small language models with blended adapters, offline first.") {
  program.set_version("crayon " CRAYON_VERSION);
  program.set_help_column(34);
  for (const Verb& verb : verbs()) {
    Command command = program.add_verb(verb.name, verb.summary);
    actions[verb.name] = verb.declare(command, common);
    command.add_flag("--json", common.json, "Print JSON for programs");
    command.mirror_in_environment(variable_prefix);
  }
}

}  // namespace crayon::cli
