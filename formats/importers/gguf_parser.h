#pragma once

#include "base/file.h"
#include "formats/importers/gguf.h"

namespace crayon::importers {

/// Reads all of a GGUF but the tensors' numbers and checks it, as GgufFile promises.
GgufContent parse_gguf(const File& file);

}  // namespace crayon::importers
