#include <fmt/format.h>
#include <fmt/ranges.h>

#include "arguments/completion.h"
#include "arguments/completion_words.h"

namespace crayon::arguments {
namespace {

std::string quoted(const std::string& text) {
  return "'" + with_backslashes(text, "\\'") + "'";
}

/// " -s t -l threads"
std::string flag_words(const ArgumentDescription& argument) {
  std::string words;
  for (const std::string& flag : argument.flags) {
    words += flag.starts_with("--") ? " -l " + flag.substr(2) : " -s " + flag.substr(1);
  }
  return words;
}

/// Whether a value follows, and what it may be.
std::string value_words(const ArgumentDescription& argument) {
  if (argument.value.empty()) {
    return {};
  }
  if (!argument.choices.empty()) {
    return fmt::format(" -x -a {}", quoted(fmt::format("{}", fmt::join(argument.choices, " "))));
  }
  return argument.number ? " -x" : " -r -F";
}

/// `when` is fish's condition for the argument, with a space in front and behind.
std::string line(const ProgramDescription& program, const std::string& when,
                 const ArgumentDescription& argument) {
  const std::string help = argument.positional() ? "" : " -d " + quoted(brief(argument.help));
  const std::string value = argument.positional() && argument.choices.empty()
                                ? (argument.number ? "" : " -F")
                                : value_words(argument);
  if (argument.positional() && value.empty()) {
    return {};
  }
  return fmt::format("complete -c {}{}{}{}{}\n", program.name, when, flag_words(argument), value,
                     help);
}

}  // namespace

std::string fish_completion(const ProgramDescription& program) {
  const std::string function = "__" + identifier(program.name) + "_verb";
  std::string script = fmt::format(
      R"(# fish completion for {0}, written by {0} itself from what it declares.
function {1}
    set -l words (commandline -opc)
    if test (count $argv) -eq 0
        test (count $words) -eq 1
    else
        test (count $words) -gt 1; and test "$words[2]" = "$argv[1]"
    end
end
complete -c {0} -f
)",
      program.name, function);
  const std::string before = fmt::format(" -n {}", function);
  for (const ArgumentDescription& argument : program.arguments) {
    script += line(program, before, argument);
  }
  for (const VerbDescription& verb : program.verbs) {
    script += fmt::format("complete -c {}{} -a {} -d {}\n", program.name, before, verb.name,
                          quoted(verb.summary));
  }
  for (const VerbDescription& verb : program.verbs) {
    const std::string within = fmt::format(" -n '{} {}'", function, verb.name);
    for (const ArgumentDescription& argument : verb.arguments) {
      const std::string text = line(program, within, argument);
      if (script.find(text) == script.npos) {  // files are offered once, whatever they are for
        script += text;
      }
    }
  }
  return script;
}

}  // namespace crayon::arguments
