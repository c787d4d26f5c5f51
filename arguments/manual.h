#pragma once

#include <string>
#include <vector>

#include "arguments/description.h"

namespace crayon::arguments {

/// What a program can return to the shell.
struct ExitStatus {
  int code;
  const char* meaning;
};

/// What a manual says besides what was declared.
struct ManualNotes {
  std::string version;             ///< "crayon 1.0.0"
  std::string date;                ///< of the release, "2026-01-31"; empty: none
  std::vector<ExitStatus> exits;   ///< in ascending order
  std::vector<std::string> about;  ///< paragraphs for the program's own page
};

/// One page for man(1), in the macros of man(7).
struct ManualPage {
  std::string name;  ///< of the file: "crayon.1", "crayon-ask.1"
  std::string text;
};

/// The program's page, and one for each verb.
std::vector<ManualPage> write_manual(const ProgramDescription& program, const ManualNotes& notes);

}  // namespace crayon::arguments
