// Packing of whole blocks of rows. A block is written front to back while its rows are read side by
// side: each is an ascending stream, and a cache line of each of 64 rows fits any L1. (Packed row
// by row, every line of the block is written once for each row.)

#include <algorithm>
#include <cassert>
#include <cstring>

#include "kernels/layout.h"

namespace crayon::kernels {
namespace {

/// Groups of `Size` bytes from a part of each row, one behind the other.
struct Rows {
  const std::uint8_t* data;  ///< row 0
  std::size_t stride;        ///< bytes
  std::size_t count;         ///< rows there are; the others of a block are padding
};

/// [row in block][Size] of bytes [at, at + Size) of each row, XOR `flip` in each byte. Returns the
/// end of what it wrote. With Size known, a copy is a load, an XOR and a store.
template <std::size_t Size>
std::uint8_t* copy_group(const Rows& rows, std::size_t at, std::uint8_t flip, std::uint8_t* out) {
  const std::uint8_t* source = rows.data + at;
  for (std::size_t r = 0; r < rows.count; ++r) {
    std::uint8_t bytes[Size];
    std::memcpy(bytes, source, Size);
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(byte ^ flip);
    }
    std::memcpy(out, bytes, Size);
    source += rows.stride;
    out += Size;
  }
  return out;
}

std::uint8_t* fill(std::uint8_t* out, std::size_t size, std::uint8_t byte) {
  if (size != 0) {
    std::memset(out, byte, size);
  }
  return out + size;
}

/// A whole block of int8. The last group may be narrower in the rows than in the block.
template <std::size_t Size>
void pack_block_i8(const LayoutI8& layout, const Rows& rows, std::size_t inputs,
                   std::uint8_t* out) {
  const std::size_t padding_rows = (layout.rows_per_block - rows.count) * Size;
  const std::size_t whole = inputs / Size * Size;
  for (std::size_t c = 0; c < whole; c += Size) {
    out = fill(copy_group<Size>(rows, c, layout.flip, out), padding_rows, 0);
  }
  const std::size_t rest = inputs - whole;
  if (rest != 0) {
    for (std::size_t r = 0; r < rows.count; ++r) {
      for (std::size_t c = 0; c < Size; ++c) {
        const std::uint8_t* const row = rows.data + r * rows.stride + whole;
        *out++ = c < rest ? static_cast<std::uint8_t>(row[c] ^ layout.flip) : 0;
      }
    }
    out = fill(out, padding_rows, 0);
  }
  const std::size_t written = round_up(inputs, Size);
  fill(out, (layout.padded_inputs(inputs) - written) * layout.rows_per_block, 0);
}

/// A whole block of int4; a row is its nibbles, then its scales.
template <std::size_t Size>
void pack_block_i4(const LayoutI4& layout, const Rows& rows, std::size_t inputs,
                   std::uint8_t* out) {
  constexpr std::size_t nibbles = group_inputs / 2;  // bytes of a group
  constexpr std::size_t scale = sizeof(std::uint16_t);
  const std::size_t groups = LayoutI4::groups(inputs);
  const std::size_t padding_rows = layout.rows_per_block - rows.count;
  for (std::size_t g = 0; g < groups; ++g) {
    for (std::size_t c = 0; c < nibbles; c += Size) {
      out = fill(copy_group<Size>(rows, g * nibbles + c, 0, out), padding_rows * Size, 0x88);
    }
    out = fill(copy_group<scale>(rows, groups * nibbles + g * scale, 0, out), padding_rows * scale,
               0);
  }
}

using PackI8 = void (*)(const LayoutI8&, const Rows&, std::size_t, std::uint8_t*);
using PackI4 = void (*)(const LayoutI4&, const Rows&, std::size_t, std::uint8_t*);

PackI8 block_packer(const LayoutI8& layout) {
  switch (layout.inputs_per_group) {
    case 1:
      return pack_block_i8<1>;
    case 4:
      return pack_block_i8<4>;
    case 8:
      return pack_block_i8<8>;
    default:
      assert(layout.inputs_per_group == 16);
      return pack_block_i8<16>;
  }
}

PackI4 block_packer(const LayoutI4& layout) {
  switch (layout.inputs_per_group) {
    case 1:
      return pack_block_i4<1>;
    case 4:
      return pack_block_i4<4>;
    case 8:
      return pack_block_i4<8>;
    default:
      assert(layout.inputs_per_group == 16);
      return pack_block_i4<16>;
  }
}

/// Calls pack_block with the rows of each block and its place of `block_bytes` bytes.
template <typename Pack, typename Layout>
void for_each_block(Pack pack_block, const Layout& layout, const std::uint8_t* source,
                    std::size_t stride, std::size_t rows, std::size_t inputs,
                    std::uint8_t* packed) {
  const std::size_t block_bytes = layout.packed_bytes(layout.rows_per_block, inputs);
  for (std::size_t begin = 0; begin < rows; begin += layout.rows_per_block) {
    const std::size_t count = std::min(layout.rows_per_block, rows - begin);
    pack_block(layout, Rows{source + begin * stride, stride, count}, inputs, packed);
    packed += block_bytes;
  }
}

}  // namespace

void pack_i8(const LayoutI8& layout, const std::uint8_t* source, std::size_t rows,
             std::size_t inputs, std::uint8_t* packed) {
  for_each_block(block_packer(layout), layout, source, inputs, rows, inputs, packed);
}

void pack_i4(const LayoutI4& layout, const std::uint8_t* source, std::size_t rows,
             std::size_t inputs, std::uint8_t* packed) {
  const std::size_t stride = LayoutI4::groups(inputs) * LayoutI4::bytes_per_group;
  for_each_block(block_packer(layout), layout, source, stride, rows, inputs, packed);
}

}  // namespace crayon::kernels
