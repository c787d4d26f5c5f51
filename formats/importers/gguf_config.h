#pragma once

#include "formats/importers/architectures.h"
#include "formats/importers/gguf_keys.h"

namespace crayon::importers {

/// The configuration that a file's metadata and tensors describe, checked. Throws unsupported,
/// naming the key, for what would make the computation another one.
formats::ModelConfig read_gguf_config(const GgufFile& file, const Architecture& architecture);

/// theta, rotated numbers and scaling; for a configuration whose sizes have been checked.
void read_gguf_rope(GgufKeys& keys, const Architecture& architecture, formats::ModelConfig& config);

/// Ends of the names of tensors that read_gguf_rope() has read.
std::span<const std::string_view> gguf_rope_tensors();

}  // namespace crayon::importers
