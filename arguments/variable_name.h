#pragma once

#include <string>

namespace CLI {
class Option;
}  // namespace CLI

namespace crayon::arguments {

/// A flag's twin in the environment: with the prefix "CRAYON_", --max-tokens is CRAYON_MAX_TOKENS.
/// Empty for what has none: a positional argument, a flag of one letter.
std::string variable_name(const CLI::Option& option, const std::string& prefix);

}  // namespace crayon::arguments
