#pragma once

#include <cstddef>
#include <cstdint>

namespace crayon::kernels {

/// Inputs that share a scale in int4 weights, and whose sum is kept beside int8 activations.
inline constexpr std::size_t group_inputs = 32;

/// The most inputs that a row of int8 may have: with more, 127^2 summed overflows int32.
inline constexpr std::size_t max_inputs_i8 = 131072;

constexpr std::size_t round_up(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// How a path wants int8 weights packed: rows in blocks of `rows_per_block`, inputs in groups of
/// `inputs_per_group`, block after block, so that one pass over rows is one ascending stream:
///
///   data[block][group][row in block][input in group]        int8, each byte XOR `flip`
///
/// Rows are padded to whole blocks and inputs to a multiple of `input_multiple`, with zero bytes.
struct LayoutI8 {
  std::uint32_t id;  ///< names the layout in packed images; never reused
  std::size_t rows_per_block;
  std::size_t inputs_per_group;  ///< 1, 4, 8 or 16
  std::size_t input_multiple;    ///< a multiple of inputs_per_group that divides group_inputs
  std::uint8_t flip;             ///< 0x80 where the path reads w + 128 as unsigned, else 0

  std::size_t padded_rows(std::size_t rows) const { return round_up(rows, rows_per_block); }
  std::size_t padded_inputs(std::size_t inputs) const { return round_up(inputs, input_multiple); }
  std::size_t packed_bytes(std::size_t rows, std::size_t inputs) const {
    return padded_rows(rows) * padded_inputs(inputs);
  }
};

/// How a path wants int4 weights packed: for each block of rows, for each group of 32 inputs
///
///   nibbles[16 / inputs_per_group][row in block][inputs_per_group]    16 bytes a row
///   scale[row in block]                                               f16
///
/// The byte of row r and column c < 16 holds input c of the group in its low half and input c + 16
/// in its high half, each as q + 8 with q in -8..7. Rows and inputs are padded with bytes 0x88
/// (q = 0) and scales of 0.
struct LayoutI4 {
  std::uint32_t id;
  std::size_t rows_per_block;
  std::size_t inputs_per_group;  ///< 1, 4, 8 or 16

  std::size_t padded_rows(std::size_t rows) const { return round_up(rows, rows_per_block); }
  static std::size_t groups(std::size_t inputs) {
    return (inputs + group_inputs - 1) / group_inputs;
  }
  static constexpr std::size_t bytes_per_group = group_inputs / 2 + 2;  ///< of a row
  std::size_t packed_bytes(std::size_t rows, std::size_t inputs) const {
    return padded_rows(rows) * groups(inputs) * bytes_per_group;
  }
};

/// How a path wants int8 activations: tokens in groups of `tokens_per_group`, of which the last has
/// as many as are left, so that a single token is a plain row:
///
///   data[token group][input group][token in group][input in group]
struct LayoutX {
  std::size_t tokens_per_group;
  std::size_t inputs_per_group;  ///< 1, 4, 8 or 16

  static std::size_t padded_inputs(std::size_t inputs) { return round_up(inputs, group_inputs); }
};

struct Layout {
  LayoutI8 i8;
  LayoutI4 i4;  ///< with as many rows a block as i8
  LayoutX x;
  LayoutI8 down;  ///< of the factors A in y += B (A x): as i8, or narrower, since ranks are few
};

/// A packed int8 weight matrix W, one scale a row: W[r][c] = scale[r] * w(r, c), w in -127..127.
struct WeightsI8 {
  std::size_t rows;         ///< outputs
  std::size_t inputs;       ///< without padding; at most max_inputs_i8
  const std::int8_t* data;  ///< packed as LayoutI8 says; 64-byte aligned
  const float* scale;       ///< [padded_rows], zeros in the padding
};

/// A packed int4 weight matrix W: W[r][c] = scale(r, c / 32) * w(r, c), w in -8..7.
struct WeightsI4 {
  std::size_t rows;          ///< outputs
  std::size_t inputs;        ///< without padding
  const std::uint8_t* data;  ///< packed as LayoutI4 says; 64-byte aligned
};

/// Activations in int8, one scale a token: X[t][c] = scale[t] * x(t, c), x in -127..127. Written by
/// quantize_i8, token by token.
struct ActivationsI8 {
  std::size_t tokens;
  std::size_t inputs;       ///< padded: a multiple of group_inputs, not less than the weights'
  std::int8_t* data;        ///< [tokens x inputs] as LayoutX says, zeros in the padding; 64-byte
                            ///< aligned
  float* scale;             ///< [tokens]
  std::int32_t* sum;        ///< [tokens]: sum_c x(t, c)
  std::int32_t* group_sum;  ///< [token group][inputs / 32][token in group]: the same by groups
};

/// The tokens [begin, end) of some activations; `begin` is a multiple of tokens_per_group, `end`
/// too or it is x.tokens.
inline ActivationsI8 tokens_of(const ActivationsI8& x, std::size_t begin, std::size_t end) {
  return {end - begin,     x.inputs,      x.data + begin * x.inputs,
          x.scale + begin, x.sum + begin, x.group_sum + begin * (x.inputs / group_inputs)};
}

/// Factors B of a product of int8 or int4: B[r][j] = scale[r] * b(r, j). Their rows are so short
/// that a scale of 4 bytes would be half of what is read.
struct FactorsB {
  std::size_t rows;  ///< of the product
  std::size_t ranks;
  const std::int8_t* data;     ///< packed as Layout::i8 says; 64-byte aligned
  const std::uint16_t* scale;  ///< [padded_rows] f16
};

/// Bytes that are read soon: a product asks for them block by block while it streams its weights,
/// as together they would be waited for.
struct Ahead {
  const std::uint8_t* data = nullptr;  ///< what the product's first block asks for
  std::size_t bytes_per_block = 0;
};

/// B z: what low-rank factors add to a product, in the step that writes its values.
/// value(t, r) = float(sum_j b(r, j) z(t, j)) * (z.scale[t] * scale[r])
struct LowRankUp {
  FactorsB b;
  ActivationsI8 z;  ///< [tokens of the product][ranks]
  Ahead ahead = {};
};

/// Where the values of a product go, and what is added to each: first its bias, then what y holds,
/// then B z.
struct Output {
  float* y;                     ///< value(t, r) goes to y[t * stride + r], r being the absolute row
  std::size_t stride;           ///< in floats
  const float* bias = nullptr;  ///< [rows], or null
  bool add = false;             ///< to what y holds, instead of replacing it
  const LowRankUp* low_rank = nullptr;  ///< or null; of int8 and int4 products alone
};

/// Packs `rows` rows that begin a block, and pads the last block: writes packed_bytes(rows, inputs)
/// bytes. `source` is what bundles store: int8 rows one behind the other, [rows][inputs]; int4 rows
/// as [rows]{nibbles [groups][16], f16 scales [groups]}, of which a group's byte c holds input c in
/// its low and input c + 16 in its high half. No alignment is asked of it.
void pack_i8(const LayoutI8& layout, const std::uint8_t* source, std::size_t rows,
             std::size_t inputs, std::uint8_t* packed);
void pack_i4(const LayoutI4& layout, const std::uint8_t* source, std::size_t rows,
             std::size_t inputs, std::uint8_t* packed);

/// Writes row `row` of a matrix with `inputs` inputs into its places of `packed`
/// (layout.packed_bytes(rows, inputs) bytes, zeroed before the first row).
void pack_row_i8(const LayoutI8& layout, const std::int8_t* source, std::size_t row,
                 std::size_t inputs, std::int8_t* packed);
/// The inverse: row `row` of a packed matrix into `out` [inputs].
void unpack_row_i8(const LayoutI8& layout, const std::int8_t* packed, std::size_t row,
                   std::size_t inputs, std::int8_t* out);

/// Row `row` of a packed int4 matrix as floats into `out` [inputs].
void read_row_i4(const LayoutI4& layout, const std::uint8_t* packed, std::size_t row,
                 std::size_t inputs, float* out);

}  // namespace crayon::kernels
