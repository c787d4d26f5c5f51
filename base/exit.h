#pragma once

#include "base/error.h"

namespace crayon {

/// What Crayon's programs return to the shell.
enum class Exit : int {
  ok = 0,
  failed_check = 1,
  usage = 2,
  bad_file = 3,  ///< a file, model or adapter that is damaged, unsupported or does not fit
  system = 4,
  network = 5,
};

/// What an error of this code's family ends a program with.
Exit exit_of(Code code);

}  // namespace crayon
