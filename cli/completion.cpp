#include "arguments/completion.h"

#include <memory>
#include <string>

#include "cli/command_line.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace crayon::cli {
namespace {

std::string script_for(const std::string& shell) {
  Common common;
  const arguments::ProgramDescription program =
      CommandLine(common).program.describe(variable_prefix);
  if (shell == "bash") {
    return arguments::bash_completion(program);
  }
  return shell == "zsh" ? arguments::zsh_completion(program) : arguments::fish_completion(program);
}

Exit completion(const std::string& shell, const Common& common) {
  const std::string script = script_for(shell);
  if (common.json) {
    print_json({{"shell", shell}, {"script", script}});
  } else {
    print(script);
  }
  return Exit::ok;
}

}  // namespace

Action declare_completion(Command& command, const Common& common) {
  auto shell = std::make_shared<std::string>();
  command.add_option("SHELL", *shell, "The shell").required().one_of({"bash", "zsh", "fish"});
  return [shell, &common] { return completion(*shell, common); };
}

}  // namespace crayon::cli
