#include "arguments/variable_name.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

namespace crayon::arguments {

std::string variable_name(const CLI::Option& option, const std::string& prefix) {
  if (option.get_lnames().empty()) {
    return {};
  }
  std::string name = option.get_lnames().front();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char letter) {
    return letter == '-' ? '_' : static_cast<char>(std::toupper(letter));
  });
  return prefix + name;
}

}  // namespace crayon::arguments
