#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/half.h"

// ggml's quantised blocks -> floats. Every function takes whole blocks, and `out` has as many
// numbers as they hold. The floats are ggml's own bit for bit: scales are multiplied first, in
// the order that the formulas are written in, and nothing is fused.
//
// In the pictures "f16 d" is two bytes, "u8 q[16]" sixteen; a block is its fields one behind the
// other, without gaps. Of a byte b, b.low is bits 0-3 and b.high bits 4-7.
namespace crayon::importers {

// 32 numbers a block: ggml_blocks.cpp.
void dequantize_q4_0(ByteSpan blocks, std::span<float> out);
void dequantize_q4_1(ByteSpan blocks, std::span<float> out);
void dequantize_q5_0(ByteSpan blocks, std::span<float> out);
void dequantize_q5_1(ByteSpan blocks, std::span<float> out);
void dequantize_q8_0(ByteSpan blocks, std::span<float> out);
void dequantize_iq4_nl(ByteSpan blocks, std::span<float> out);

// 256 numbers a block, with scales for groups of 16 or 32: ggml_k_blocks.cpp.
void dequantize_q2_k(ByteSpan blocks, std::span<float> out);
void dequantize_q3_k(ByteSpan blocks, std::span<float> out);
void dequantize_q4_k(ByteSpan blocks, std::span<float> out);
void dequantize_q5_k(ByteSpan blocks, std::span<float> out);
void dequantize_q6_k(ByteSpan blocks, std::span<float> out);
void dequantize_iq4_xs(ByteSpan blocks, std::span<float> out);

/// The numbers that the 4 bits of an IQ4 type stand for: dense near 0, where weights are.
inline constexpr std::int8_t iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                               1,    13,   25,  38,  53,  69,  89,  113};

inline float load_f16(const std::uint8_t* bytes) {
  return f16_to_f32(load_le<std::uint16_t>(bytes));
}

/// decode(block, numbers) for every block of `bytes` bytes and `elements` numbers.
template <std::size_t bytes, std::size_t elements, typename Decode>
void for_each_block(ByteSpan blocks, std::span<float> out, const Decode& decode) {
  const std::uint8_t* block = blocks.data();
  for (std::size_t start = 0; start < out.size(); start += elements) {
    decode(block, out.data() + start);
    block += bytes;
  }
}

}  // namespace crayon::importers
