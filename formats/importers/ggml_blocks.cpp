#include "formats/importers/ggml_blocks.h"

namespace crayon::importers {
namespace {

constexpr std::size_t elements = 32;
constexpr std::size_t half = elements / 2;

// 4 bits a number: q[16] has numbers 0-15 in its low halves and 16-31 in its high ones.
int four_bits(const std::uint8_t* q, std::size_t i) {
  return i < half ? q[i] & 15 : q[i - half] >> 4;
}

// 5 bits: as above, and bit i of h, 32 bits little-endian, is number i's highest.
int five_bits(std::uint32_t h, const std::uint8_t* q, std::size_t i) {
  return four_bits(q, i) | static_cast<int>(h >> i & 1) << 4;
}

}  // namespace

// | f16 d | u8 q[16] |                            d * (4 bits - 8)
void dequantize_q4_0(ByteSpan blocks, std::span<float> out) {
  for_each_block<18, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const float d = load_f16(block);
    for (std::size_t i = 0; i < elements; ++i) {
      numbers[i] = d * static_cast<float>(four_bits(block + 2, i) - 8);
    }
  });
}

// | f16 d | f16 m | u8 q[16] |                    d * 4 bits + m
void dequantize_q4_1(ByteSpan blocks, std::span<float> out) {
  for_each_block<20, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const float d = load_f16(block);
    const float m = load_f16(block + 2);
    for (std::size_t i = 0; i < elements; ++i) {
      numbers[i] = d * static_cast<float>(four_bits(block + 4, i)) + m;
    }
  });
}

// | f16 d | u32 h | u8 q[16] |                    d * (5 bits - 16)
void dequantize_q5_0(ByteSpan blocks, std::span<float> out) {
  for_each_block<22, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const float d = load_f16(block);
    const auto h = load_le<std::uint32_t>(block + 2);
    for (std::size_t i = 0; i < elements; ++i) {
      numbers[i] = d * static_cast<float>(five_bits(h, block + 6, i) - 16);
    }
  });
}

// | f16 d | f16 m | u32 h | u8 q[16] |            d * 5 bits + m
void dequantize_q5_1(ByteSpan blocks, std::span<float> out) {
  for_each_block<24, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const float d = load_f16(block);
    const float m = load_f16(block + 2);
    const auto h = load_le<std::uint32_t>(block + 4);
    for (std::size_t i = 0; i < elements; ++i) {
      numbers[i] = d * static_cast<float>(five_bits(h, block + 8, i)) + m;
    }
  });
}

// | f16 d | i8 q[32] |                            d * q
void dequantize_q8_0(ByteSpan blocks, std::span<float> out) {
  for_each_block<34, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const float d = load_f16(block);
    for (std::size_t i = 0; i < elements; ++i) {
      numbers[i] = d * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
    }
  });
}

// | f16 d | u8 q[16] |                            d * iq4_values[4 bits]
void dequantize_iq4_nl(ByteSpan blocks, std::span<float> out) {
  for_each_block<18, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const float d = load_f16(block);
    for (std::size_t i = 0; i < elements; ++i) {
      numbers[i] = d * static_cast<float>(iq4_values[four_bits(block + 2, i)]);
    }
  });
}

}  // namespace crayon::importers
