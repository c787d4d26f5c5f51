#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"

namespace crayon::importers {

/// How ggml stores the numbers of a tensor: blocks of a fixed size (ggml.h, enum ggml_type).
struct GgmlType {
  std::uint32_t id;
  const char* name;
  std::uint32_t block_elements;
  std::uint32_t block_bytes;
  /// Whole blocks -> floats; `out` has block_elements numbers for every block_bytes of `blocks`.
  /// Null for the types that are known by name and size only.
  void (*dequantize)(ByteSpan blocks, std::span<float> out);
};

/// Null for an id that is not known.
const GgmlType* find_ggml_type(std::uint32_t id);

/// "Q4_K", or "type 99" for an id that is not known.
std::string ggml_type_name(std::uint32_t id);

/// The types that can be read: "F32, F16, ...".
std::string readable_ggml_types();

}  // namespace crayon::importers
