// Blocks of 256 numbers ("super-blocks"). Their numbers are 8 groups of 32, g = 0-7; their scales
// are whole numbers of 4, 6 or 8 bits, one for a group or for half of one, under one f16 scale.

#include "formats/importers/ggml_blocks.h"

namespace crayon::importers {
namespace {

constexpr std::size_t elements = 256;
constexpr std::size_t groups = 8;
constexpr std::size_t group = elements / groups;

// How bits of number i of group g lie. The groups that share bytes lie one above the other in
// them, lowest bits first:
//
//   1 bit,  [32]:   byte i        holds groups 0 1 2 3 4 5 6 7
//   2 bits, [64]:   byte i        holds groups 0 1 2 3, byte 32 + i  4 5 6 7
//   4 bits, [128]:  byte i        holds groups 0 1, byte 32 + i  2 3, byte 64 + i  4 5, ...

int one_bit(const std::uint8_t* bytes, std::size_t g, std::size_t i) {
  return bytes[i] >> g & 1;
}

int two_bits(const std::uint8_t* bytes, std::size_t g, std::size_t i) {
  return bytes[group * (g / 4) + i] >> 2 * (g % 4) & 3;
}

int four_bits(const std::uint8_t* bytes, std::size_t g, std::size_t i) {
  return bytes[group * (g / 2) + i] >> 4 * (g % 2) & 15;
}

// Q6_K's 4 bits lie otherwise: byte i holds groups 0 2, byte 32 + i  1 3, then 4 6 and 5 7.
int four_bits_of_q6(const std::uint8_t* bytes, std::size_t g, std::size_t i) {
  return bytes[2 * group * (g / 4) + group * (g % 2) + i] >> 4 * (g / 2 % 2) & 15;
}

// A group's scale and what is taken off its numbers (its "min").
struct ScaleAndMin {
  float scale;
  float min;
};

// Q4_K, Q5_K: 8 scales and 8 mins of 6 bits in 12 bytes. Those of groups 0-3 are whole, those of
// groups 4-7 have their upper 2 bits above them:
//
//   byte      0-3                          4-7                        8-11
//   bits 0-5  scale of 0-3                 min of 0-3                 bits 0-3: scale of 4-7, low 4
//   bits 6-7  scale of 4-7, upper 2        min of 4-7, upper 2        bits 4-7: min of 4-7, low 4
ScaleAndMin group_of_k(const std::uint8_t* bytes, std::size_t g, float d, float dmin) {
  int scale = bytes[g % 4];
  int min = bytes[4 + g % 4];
  if (g < 4) {
    scale &= 63;
    min &= 63;
  } else {
    const int low = bytes[4 + g];
    scale = scale >> 6 << 4 | (low & 15);
    min = min >> 6 << 4 | low >> 4;
  }
  return {d * static_cast<float>(scale), dmin * static_cast<float>(min)};
}

// Q3_K: 16 scales of 6 bits, 32 added, in 12 bytes. Scale s has its low 4 bits in a half of byte
// s % 8 (0-7 low, 8-15 high), and its upper 2 in byte 8 + s % 4, bits 2 * (s / 4).
int scale_of_q3(const std::uint8_t* bytes, std::size_t s) {
  const int low = bytes[s % 8] >> 4 * (s / 8) & 15;
  const int upper = bytes[8 + s % 4] >> 2 * (s / 4) & 3;
  return (upper << 4 | low) - 32;
}

}  // namespace

// | u8 s[16] | u8 q[64] | f16 d | f16 dmin |
// For 16 numbers: d * s.low * 2 bits - dmin * s.high
void dequantize_q2_k(ByteSpan blocks, std::span<float> out) {
  for_each_block<84, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const std::uint8_t* q = block + 16;
    const float d = load_f16(block + 80);
    const float dmin = load_f16(block + 82);
    for (std::size_t s = 0; s < 16; ++s) {
      const float scale = d * static_cast<float>(block[s] & 15);
      const float min = dmin * static_cast<float>(block[s] >> 4);
      for (std::size_t i = s % 2 * 16; i < s % 2 * 16 + 16; ++i) {
        *numbers++ = scale * static_cast<float>(two_bits(q, s / 2, i)) - min;
      }
    }
  });
}

// | u8 h[32] | u8 q[64] | u8 s[12] | f16 d |
// For 16 numbers: d * scale * (3 bits - 4), the highest of the bits in h
void dequantize_q3_k(ByteSpan blocks, std::span<float> out) {
  for_each_block<110, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const std::uint8_t* q = block + 32;
    const float d = load_f16(block + 108);
    for (std::size_t s = 0; s < 16; ++s) {
      const float scale = d * static_cast<float>(scale_of_q3(block + 96, s));
      for (std::size_t i = s % 2 * 16; i < s % 2 * 16 + 16; ++i) {
        const int number = two_bits(q, s / 2, i) | one_bit(block, s / 2, i) << 2;
        *numbers++ = scale * static_cast<float>(number - 4);
      }
    }
  });
}

// | f16 d | f16 dmin | u8 s[12] | u8 q[128] |
// For 32 numbers: d * scale * 4 bits - dmin * min
void dequantize_q4_k(ByteSpan blocks, std::span<float> out) {
  for_each_block<144, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const float d = load_f16(block);
    const float dmin = load_f16(block + 2);
    for (std::size_t g = 0; g < groups; ++g) {
      const auto [scale, min] = group_of_k(block + 4, g, d, dmin);
      for (std::size_t i = 0; i < group; ++i) {
        *numbers++ = scale * static_cast<float>(four_bits(block + 16, g, i)) - min;
      }
    }
  });
}

// | f16 d | f16 dmin | u8 s[12] | u8 h[32] | u8 q[128] |
// For 32 numbers: d * scale * 5 bits - dmin * min, the highest of the bits in h
void dequantize_q5_k(ByteSpan blocks, std::span<float> out) {
  for_each_block<176, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const float d = load_f16(block);
    const float dmin = load_f16(block + 2);
    for (std::size_t g = 0; g < groups; ++g) {
      const auto [scale, min] = group_of_k(block + 4, g, d, dmin);
      for (std::size_t i = 0; i < group; ++i) {
        const int number = four_bits(block + 48, g, i) | one_bit(block + 16, g, i) << 4;
        *numbers++ = scale * static_cast<float>(number) - min;
      }
    }
  });
}

// | u8 q[128] | u8 h[64] | i8 s[16] | f16 d |
// For 16 numbers: d * s * (6 bits - 32), the highest two of the bits in h
void dequantize_q6_k(ByteSpan blocks, std::span<float> out) {
  for_each_block<210, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const std::uint8_t* h = block + 128;
    const std::uint8_t* scales = block + 192;
    const float d = load_f16(block + 208);
    for (std::size_t s = 0; s < 16; ++s) {
      const float scale = d * static_cast<float>(static_cast<std::int8_t>(scales[s]));
      for (std::size_t i = s % 2 * 16; i < s % 2 * 16 + 16; ++i) {
        const int number = four_bits_of_q6(block, s / 2, i) | two_bits(h, s / 2, i) << 4;
        *numbers++ = scale * static_cast<float>(number - 32);
      }
    }
  });
}

// | f16 d | u16 upper | u8 low[4] | u8 q[16] 8 times |
// For 32 numbers: d * (scale - 32) * iq4_values[4 bits]. The scale of group g has its low 4 bits
// in a half of low[g / 2] (even g low, odd high), its upper 2 in bits 2 * g of `upper`. Each
// group's q[16] has numbers 0-15 in its low halves and 16-31 in its high ones.
void dequantize_iq4_xs(ByteSpan blocks, std::span<float> out) {
  for_each_block<136, elements>(blocks, out, [](const std::uint8_t* block, float* numbers) {
    const float d = load_f16(block);
    const auto upper = load_le<std::uint16_t>(block + 2);
    for (std::size_t g = 0; g < groups; ++g) {
      const int low = block[4 + g / 2] >> 4 * (g % 2) & 15;
      const float scale = d * static_cast<float>((low | (upper >> 2 * g & 3) << 4) - 32);
      const std::uint8_t* q = block + 8 + 16 * g;
      for (std::size_t i = 0; i < group; ++i) {
        *numbers++ = scale * static_cast<float>(iq4_values[q[i % 16] >> 4 * (i / 16) & 15]);
      }
    }
  });
}

}  // namespace crayon::importers
