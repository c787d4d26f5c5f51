#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace crayon::importers {

/// What the header of a safetensors file says of one tensor.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;                 ///< as the file has it: "BF16"
  std::vector<std::uint64_t> shape;  ///< at most 8 sizes; none: one number
  std::uint64_t offset = 0;          ///< of its bytes, from the start of the file
  std::uint64_t bytes = 0;
};

/// The header of a safetensors file (Hugging Face, safetensors/README.md: Format).
struct SafetensorsHeader {
  std::vector<SafetensorsEntry> tensors;  ///< in the order of their offsets
  std::map<std::string, std::string> metadata;
};

/// Bytes of one element: of "F32", 4; 0 for a type that is not known.
std::uint64_t safetensors_element_bytes(std::string_view dtype);

/// Reads the header and checks it: at most 100 MB, names unique, sizes those of dtype and shape,
/// and the tensors fill the rest of the file without overlaps or holes. Throws truncated,
/// malformed, unsupported, over_limit or corrupt, naming the file and the tensor.
SafetensorsHeader read_safetensors_header(const File& file);

/// What stands before the tensors of a file that holds these one behind the other: the header
/// and its size, as long as a multiple of 8. Offsets and bytes are not looked at. A name with bytes
/// that are not UTF-8 has U+FFFD in their place.
std::string safetensors_prefix(const SafetensorsHeader& header);

}  // namespace crayon::importers
