#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/half.h"
#include "kernels/layout.h"

namespace crayon::kernels {
namespace {

/// Calls copy(offset in the packed matrix, first input, inputs) for each group of row `row`.
template <typename Copy>
void for_each_group(const LayoutI8& layout, std::size_t row, std::size_t inputs, Copy copy) {
  const std::size_t block = row / layout.rows_per_block;
  const std::size_t row_in_block = row % layout.rows_per_block;
  const std::size_t group_size = layout.inputs_per_group;
  assert(layout.input_multiple % group_size == 0);
  std::size_t offset =
      block * layout.rows_per_block * layout.padded_inputs(inputs) + row_in_block * group_size;
  for (std::size_t c = 0; c < inputs; c += group_size) {
    copy(offset, c, std::min(group_size, inputs - c));
    offset += layout.rows_per_block * group_size;
  }
}

/// Where the first byte of a row's group lies, and how to go on from there.
struct RowOfGroup {
  std::size_t nibbles;  ///< offset of column 0
  std::size_t scale;    ///< offset of the scale

  RowOfGroup(const LayoutI4& layout, std::size_t row, std::size_t groups, std::size_t group) {
    const std::size_t rows = layout.rows_per_block;
    const std::size_t start = (row / rows * groups + group) * rows * LayoutI4::bytes_per_group;
    nibbles = start + row % rows * layout.inputs_per_group;
    scale = start + rows * (group_inputs / 2) + row % rows * sizeof(std::uint16_t);
  }
};

/// Offset of column c < 16 behind RowOfGroup::nibbles.
std::size_t column_offset(const LayoutI4& layout, std::size_t c) {
  return c / layout.inputs_per_group * layout.rows_per_block * layout.inputs_per_group +
         c % layout.inputs_per_group;
}

}  // namespace

void pack_row_i8(const LayoutI8& layout, const std::int8_t* source, std::size_t row,
                 std::size_t inputs, std::int8_t* packed) {
  for_each_group(layout, row, inputs, [&](std::size_t offset, std::size_t c, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      packed[offset + i] = static_cast<std::int8_t>(source[c + i] ^ layout.flip);
    }
  });
}

void unpack_row_i8(const LayoutI8& layout, const std::int8_t* packed, std::size_t row,
                   std::size_t inputs, std::int8_t* out) {
  for_each_group(layout, row, inputs, [&](std::size_t offset, std::size_t c, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      out[c + i] = static_cast<std::int8_t>(packed[offset + i] ^ layout.flip);
    }
  });
}

void read_row_i4(const LayoutI4& layout, const std::uint8_t* packed, std::size_t row,
                 std::size_t inputs, float* out) {
  constexpr std::size_t half = group_inputs / 2;
  const std::size_t groups = LayoutI4::groups(inputs);
  for (std::size_t g = 0; g < groups; ++g) {
    const RowOfGroup at(layout, row, groups, g);
    std::uint16_t bits;
    std::memcpy(&bits, packed + at.scale, sizeof bits);
    const float scale = f16_to_f32(bits);
    const std::size_t count = std::min(group_inputs, inputs - g * group_inputs);
    for (std::size_t c = 0; c < count; ++c) {
      const unsigned byte = packed[at.nibbles + column_offset(layout, c % half)];
      const unsigned nibble = c < half ? byte & 15 : byte >> 4;
      out[g * group_inputs + c] = scale * static_cast<float>(static_cast<int>(nibble) - 8);
    }
  }
}

}  // namespace crayon::kernels
