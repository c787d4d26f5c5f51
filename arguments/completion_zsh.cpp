#include <fmt/format.h>
#include <fmt/ranges.h>

#include "arguments/completion.h"
#include "arguments/completion_words.h"

namespace crayon::arguments {
namespace {

/// A text within a specification within single quotes.
std::string spec_text(const std::string& text) {
  std::string result;
  for (const char letter : with_backslashes(text, "\\[]:")) {
    result += letter == '\'' ? "'\\''" : std::string(1, letter);
  }
  return result;
}

/// ":VALUE:(a b c)": what _arguments offers for a value.
std::string action(const ArgumentDescription& argument) {
  if (argument.value.empty()) {
    return {};
  }
  std::string offer = argument.number ? " " : "_files";
  if (!argument.choices.empty()) {
    offer = fmt::format("({})", fmt::join(argument.choices, " "));
  }
  return fmt::format(":{}:{}", spec_text(argument.value), offer);
}

/// Flags that mean the same exclude each other, unless they may be repeated. A flag that says the
/// opposite is declared with its twin, and excludes it as well.
std::string flag_specs(const ArgumentDescription& argument) {
  const std::string front =
      argument.repeats ? "*" : fmt::format("({})", fmt::join(argument.flags, " "));
  std::string specs;
  for (const std::string& flag : argument.flags) {
    const char* glue = argument.value.empty() ? "" : flag.starts_with("--") ? "=" : "+";
    specs += fmt::format(" \\\n        '{}{}{}[{}]{}'", front, flag, glue,
                         spec_text(brief(argument.help)), action(argument));
  }
  return specs;
}

std::string specs_of(const std::vector<ArgumentDescription>& arguments) {
  std::string specs;
  std::size_t place = 0;
  for (const ArgumentDescription& argument : arguments) {
    if (!argument.positional()) {
      specs += flag_specs(argument);
    } else {
      const std::string where = argument.repeats ? "*" : std::to_string(++place);
      specs += fmt::format(" \\\n        '{}{}'", where, action(argument));
    }
  }
  return specs;
}

std::string verb_list(const std::vector<VerbDescription>& verbs) {
  std::string list;
  for (const VerbDescription& verb : verbs) {
    list += fmt::format("        '{}:{}'\n", spec_text(verb.name), spec_text(verb.summary));
  }
  return list;
}

std::string verb_cases(const std::vector<VerbDescription>& verbs) {
  std::string cases;
  for (const VerbDescription& verb : verbs) {
    cases +=
        fmt::format("      {})\n        _arguments -s{} ;;\n", verb.name, specs_of(verb.arguments));
  }
  return cases;
}

}  // namespace

std::string zsh_completion(const ProgramDescription& program) {
  return fmt::format(R"(#compdef {0}
# zsh completion for {0}, written by {0} itself from what it declares.
_{1}() {{
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C{2} \
        '1: :->verb' \
        '*:: :->rest'
  case $state in
    verb)
      local -a verbs=(
{3}      )
      _describe verb verbs ;;
    rest)
      case $words[1] in
{4}      esac ;;
  esac
}}
_{1} "$@"
)",
                     program.name, identifier(program.name), specs_of(program.arguments),
                     verb_list(program.verbs), verb_cases(program.verbs));
}

}  // namespace crayon::arguments
