#include <algorithm>
#include <cassert>
#include <cstring>

#include "kernels/kernel_set.h"

namespace crayon::kernels {
namespace {

/// Calls copy(offset in the packed matrix, first input, inputs) for each group of row `row`.
template <typename Copy>
void for_each_group(const Layout& layout, std::size_t row, std::size_t inputs, Copy copy) {
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

}  // namespace

void pack_row_i8(const Layout& layout, const std::int8_t* source, std::size_t row,
                 std::size_t inputs, std::int8_t* packed) {
  for_each_group(layout, row, inputs, [=](std::size_t offset, std::size_t c, std::size_t count) {
    std::memcpy(packed + offset, source + c, count);
  });
}

void unpack_row_i8(const Layout& layout, const std::int8_t* packed, std::size_t row,
                   std::size_t inputs, std::int8_t* out) {
  for_each_group(layout, row, inputs, [=](std::size_t offset, std::size_t c, std::size_t count) {
    std::memcpy(out + c, packed + offset, count);
  });
}

}  // namespace crayon::kernels
