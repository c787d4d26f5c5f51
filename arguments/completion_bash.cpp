#include <fmt/format.h>
#include <fmt/ranges.h>

#include "arguments/completion.h"
#include "arguments/completion_words.h"

namespace crayon::arguments {
namespace {

/// "ask,--temp | ask,-t": patterns for `case "$verb,$flag"`.
std::string patterns(const VerbDescription& verb, const ArgumentDescription& argument) {
  std::vector<std::string> all;
  for (const std::string& flag : argument.flags) {
    all.push_back(verb.name + "," + flag);
  }
  return fmt::format("{}", fmt::join(all, " | "));
}

/// What may follow a flag that takes a value. Files need no line: they are what bash offers when
/// the function finds nothing. So that it offers none behind a number, that takes one.
std::string value_cases(const std::vector<VerbDescription>& verbs) {
  std::string cases;
  for (const VerbDescription& verb : verbs) {
    for (const ArgumentDescription& argument : verb.arguments) {
      if (argument.positional() || argument.value.empty()) {
        continue;
      }
      const char* kind = argument.number ? "number" : argument.choices.empty() ? "file" : "words";
      cases += fmt::format("    {}) kind={} words='{}' ;;\n", patterns(verb, argument), kind,
                           fmt::join(argument.choices, " "));
    }
  }
  return cases;
}

/// What may stand in the place of a flag, or of a positional argument.
std::string verb_cases(const std::vector<VerbDescription>& verbs) {
  std::string cases;
  for (const VerbDescription& verb : verbs) {
    const auto positionals = positionals_of(verb.arguments);
    const bool chosen = !positionals.empty() && !positionals.front()->choices.empty();
    cases += fmt::format(
        "    {}) flags='{}' words='{}' ;;\n", verb.name, fmt::join(flags_of(verb.arguments), " "),
        fmt::join(chosen ? positionals.front()->choices : std::vector<std::string>(), " "));
  }
  return cases;
}

std::vector<std::string> first_words(const ProgramDescription& program) {
  std::vector<std::string> words = flags_of(program.arguments);
  for (const VerbDescription& verb : program.verbs) {
    words.push_back(verb.name);
  }
  return words;
}

}  // namespace

std::string bash_completion(const ProgramDescription& program) {
  return fmt::format(R"(# bash completion for {0}, written by {0} itself from what it declares.
_{1}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} flag=${{COMP_WORDS[COMP_CWORD-1]}}
  local verb=${{COMP_WORDS[1]}} kind= flags= words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W '{2}' -- "$word")
    return
  fi
  # bash takes the = of --flag=value for a word.
  if [ "$word" = = ]; then
    word=
  elif [ "$flag" = = ]; then
    flag=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  case $verb,$flag in
{3}  esac
  case $kind in
    number) compopt +o default +o bashdefault; return ;;
    file) return ;;
    words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word"); return ;;
  esac
  case $verb in
{4}  esac
  case $word in
    -*) mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") ;;
  esac
}}
complete -o bashdefault -o default -F _{1} {0}
)",
                     program.name, identifier(program.name), fmt::join(first_words(program), " "),
                     value_cases(program.verbs), verb_cases(program.verbs));
}

}  // namespace crayon::arguments
