#pragma once

#include <map>
#include <string>

#include "arguments/program.h"
#include "cli/verbs.h"

namespace crayon::cli {

/// What flags' twins in the environment begin with.
inline constexpr const char* variable_prefix = "CRAYON_";

/// The whole command line as it is declared: every verb, with the flags that all have.
struct CommandLine {
  /// `common` outlives the actions.
  explicit CommandLine(Common& common);

  arguments::Program program;
  std::map<std::string, Action> actions;  ///< by the verb's name
};

}  // namespace crayon::cli
