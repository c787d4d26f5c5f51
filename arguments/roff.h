#pragma once

#include <string>
#include <string_view>

namespace crayon::arguments {

/// Prose as a manual page's source has it: what roff would take for its own is escaped, the dashes
/// of flags are not broken, and lines end before column 80.
std::string roff_text(std::string_view prose);

/// The same on one line, as an argument of a macro: in quotation marks.
std::string roff_argument(std::string_view prose);

/// "\fBname\fP": bold.
std::string roff_bold(std::string_view word);
/// "\fIVALUE\fP": italic.
std::string roff_italic(std::string_view word);

}  // namespace crayon::arguments
