#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arguments/description.h"

namespace crayon::arguments {

// What the writers of completions for different shells share.

/// Every flag of these arguments.
std::vector<std::string> flags_of(const std::vector<ArgumentDescription>& arguments);

/// The positional arguments in their order.
std::vector<const ArgumentDescription*> positionals_of(
    const std::vector<ArgumentDescription>& arguments);

/// A text with a backslash in front of each of the `special` characters.
std::string with_backslashes(std::string_view text, std::string_view special);

/// What is shown beside a flag: the help's first part, up to where it explains.
std::string brief(const std::string& help);

/// A program's name as part of a function's: "crayon-train" becomes "crayon_train".
std::string identifier(const std::string& name);

}  // namespace crayon::arguments
