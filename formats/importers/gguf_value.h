#pragma once

#include <string>

#include "formats/importers/file_cursor.h"
#include "formats/importers/gguf.h"

namespace crayon::importers {

/// Reads the type and the value of a key. Sizes are checked against the file before any memory
/// is taken. Throws truncated, malformed, over_limit, and unsupported for unknown types and for
/// arrays of arrays, which no model has.
GgufValue read_gguf_value(FileCursor& cursor, const std::string& key);

}  // namespace crayon::importers
