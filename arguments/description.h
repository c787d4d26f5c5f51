#pragma once

#include <string>
#include <vector>

namespace crayon::arguments {

// What a program has declared, as plain words: for what writes manuals and completions, which
// cannot go stale because they are written from this.

/// A flag, or a positional argument.
struct ArgumentDescription {
  std::vector<std::string> flags;  ///< "-t", "--threads", "--no-pin"; none: positional
  /// What the help text calls the value, in capitals as a rule; empty: a flag without a value.
  std::string value;
  std::vector<std::string> choices;  ///< all the values there are; none: any
  std::string range;                 ///< "1 - 1024"; empty: whatever the type holds
  std::string preset;                ///< the value without the flag; empty: not told
  std::string variable;              ///< its twin in the environment; empty: none
  std::string help;
  bool required = false;
  bool repeats = false;  ///< takes several values
  bool number = false;   ///< the value is one

  bool positional() const { return flags.empty(); }
};

/// A verb, with --help among its arguments.
struct VerbDescription {
  std::string name;
  std::string summary;
  std::vector<ArgumentDescription> arguments;  ///< in the order in which they were declared
};

struct ProgramDescription {
  std::string name;
  std::string summary;
  std::vector<ArgumentDescription> arguments;  ///< those that stand in the place of a verb
  std::vector<VerbDescription> verbs;
};

}  // namespace crayon::arguments
