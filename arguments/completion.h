#pragma once

#include <string>

#include "arguments/description.h"

namespace crayon::arguments {

// Scripts that complete a program's command line in a shell: verbs, flags, the words that a value
// must be one of, and files where a value may be anything else but a number.

/// For bash 4.4 and later; needs nothing of the bash-completion package.
std::string bash_completion(const ProgramDescription& program);
/// For zsh 5, as the file _NAME in a folder of $fpath.
std::string zsh_completion(const ProgramDescription& program);
/// For fish 3.
std::string fish_completion(const ProgramDescription& program);

}  // namespace crayon::arguments
