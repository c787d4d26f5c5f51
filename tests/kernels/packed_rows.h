#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/layout.h"

namespace crayon::test {

// Packed int4 rows one by one, nibble by nibble: the truth that packing by blocks is held against.

/// Where the parts of one group of one row lie in a packed int4 matrix.
struct RowOfGroup {
  const kernels::LayoutI4& layout;
  std::size_t start;  // of the group of the whole block
  std::size_t row;    // in the block

  RowOfGroup(const kernels::LayoutI4& its_layout, std::size_t which, std::size_t groups,
             std::size_t group)
      : layout(its_layout),
        start((which / layout.rows_per_block * groups + group) * layout.rows_per_block *
              kernels::LayoutI4::bytes_per_group),
        row(which % layout.rows_per_block) {}

  /// Offset of the byte of column c < 16.
  std::size_t column(std::size_t c) const {
    const std::size_t width = layout.inputs_per_group;
    return start + (c / width * layout.rows_per_block + row) * width + c % width;
  }
  std::size_t scale() const {
    return start + layout.rows_per_block * (kernels::group_inputs / 2) + 2 * row;
  }
};

/// Fills a packed int4 matrix of that shape with padding.
inline void clear_i4(const kernels::LayoutI4& layout, std::size_t rows, std::size_t inputs,
                     std::uint8_t* packed) {
  const std::size_t nibbles = layout.rows_per_block * (kernels::group_inputs / 2);
  const std::size_t bytes = layout.rows_per_block * kernels::LayoutI4::bytes_per_group;
  for (std::size_t at = 0; at < layout.packed_bytes(rows, inputs); at += bytes) {
    std::memset(packed + at, 0x88, nibbles);
    std::memset(packed + at + nibbles, 0, bytes - nibbles);
  }
}

/// Writes a row into a matrix that clear_i4() has filled: values [inputs] in -8..7, scale [groups]
/// f16.
inline void pack_row_i4(const kernels::LayoutI4& layout, const std::int8_t* values,
                        const std::uint16_t* scale, std::size_t row, std::size_t inputs,
                        std::uint8_t* packed) {
  constexpr std::size_t half = kernels::group_inputs / 2;
  const std::size_t groups = kernels::LayoutI4::groups(inputs);
  for (std::size_t g = 0; g < groups; ++g) {
    const RowOfGroup at(layout, row, groups, g);
    const auto nibble = [&](std::size_t c) {
      const std::size_t input = g * kernels::group_inputs + c;
      return static_cast<unsigned>(input < inputs ? values[input] + 8 : 8);
    };
    for (std::size_t c = 0; c < half; ++c) {
      packed[at.column(c)] = static_cast<std::uint8_t>(nibble(c) | nibble(c + half) << 4);
    }
    std::memcpy(packed + at.scale(), scale + g, sizeof scale[g]);
  }
}

/// The inverse.
inline void unpack_row_i4(const kernels::LayoutI4& layout, const std::uint8_t* packed,
                          std::size_t row, std::size_t inputs, std::int8_t* values,
                          std::uint16_t* scale) {
  constexpr std::size_t half = kernels::group_inputs / 2;
  const std::size_t groups = kernels::LayoutI4::groups(inputs);
  for (std::size_t g = 0; g < groups; ++g) {
    const RowOfGroup at(layout, row, groups, g);
    for (std::size_t c = 0; c < kernels::group_inputs && g * kernels::group_inputs + c < inputs;
         ++c) {
      const unsigned byte = packed[at.column(c % half)];
      const unsigned nibble = c < half ? byte & 15 : byte >> 4;
      values[g * kernels::group_inputs + c] =
          static_cast<std::int8_t>(static_cast<int>(nibble) - 8);
    }
    std::memcpy(scale + g, packed + at.scale(), sizeof scale[g]);
  }
}

}  // namespace crayon::test
