#include "arguments/completion_words.h"

#include <algorithm>

namespace crayon::arguments {

std::vector<std::string> flags_of(const std::vector<ArgumentDescription>& arguments) {
  std::vector<std::string> flags;
  for (const ArgumentDescription& argument : arguments) {
    flags.insert(flags.end(), argument.flags.begin(), argument.flags.end());
  }
  return flags;
}

std::vector<const ArgumentDescription*> positionals_of(
    const std::vector<ArgumentDescription>& arguments) {
  std::vector<const ArgumentDescription*> positionals;
  for (const ArgumentDescription& argument : arguments) {
    if (argument.positional()) {
      positionals.push_back(&argument);
    }
  }
  return positionals;
}

std::string with_backslashes(std::string_view text, std::string_view special) {
  std::string result;
  for (const char letter : text) {
    if (special.find(letter) != special.npos) {
      result += '\\';
    }
    result += letter;
  }
  return result;
}

std::string brief(const std::string& help) {
  return help.substr(0, help.find_first_of(";:\n"));
}

std::string identifier(const std::string& name) {
  std::string result = name;
  std::replace(result.begin(), result.end(), '-', '_');
  return result;
}

}  // namespace crayon::arguments
