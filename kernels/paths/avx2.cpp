// The path for 64-bit PCs since 2013 (Intel Haswell, AMD Zen), where bundles are made and tried.
#include <immintrin.h>

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "kernels/paths/paths.h"

#if !defined(__AVX2__) || !defined(__FMA__) || !defined(__F16C__)
#error "compile this file with -mavx2 -mfma -mf16c"
#endif

namespace crayon::kernels {
namespace {

#include "kernels/generic/vector.inl"

#include "kernels/generic/x86.inl"

// A block is 16 rows; 4 inputs of each stand together:
//
//              inputs 0..3 of rows        4..7             8..11
//   half 0     0 1  2 ...  7   |  0: 32 B |   |  64: 32 B |   | 128 |
//   half 1     8 9 10 ... 15   | 32       |   |  96       |   | 160 |    offsets in bytes
constexpr LayoutI8 layout_i8 = {
    .id = 4, .rows_per_block = 16, .inputs_per_group = 4, .input_multiple = 8, .flip = 0};
constexpr Layout layout = {.i8 = layout_i8,
                           .i4 = {.id = 103, .rows_per_block = 16, .inputs_per_group = 4},
                           .x = {.tokens_per_group = 4, .inputs_per_group = 4},
                           .down = layout_i8};

[[gnu::always_inline]] inline __m256i load_bytes(const void* bytes) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(bytes));
}

/// 4 inputs of a token, in every lane.
[[gnu::always_inline]] inline __m256i broadcast_x(const std::int8_t* x) {
  std::int32_t four;
  __builtin_memcpy(&four, x, sizeof four);
  return _mm256_set1_epi32(four);
}

[[gnu::always_inline]] inline __m256i add_pairs(__m256i pairs) {
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

// Registers at 4 tokens: 8 of sums, 2 of w, 2 of |w|, 1 of ones, 3 to multiply in, of 16.
//
// VPMADDUBSW multiplies unsigned bytes with signed ones, so it gets |w| and x with the sign of w;
// its sum of two products saturates beyond 32767, which 2 * 127 * 127 does not reach.
template <int Tokens>
[[gnu::noinline]] void block_sums(const std::int8_t* block, std::size_t inputs,
                                  const std::int8_t* x, std::int32_t (&sums)[Tokens][16]) {
  __m256i total[Tokens][2] = {};
  for (std::size_t c = 0; c < inputs; c += 4, block += 64, x += 4 * Tokens) {
    const __m256i w[2] = {load_bytes(block), load_bytes(block + 32)};
    const __m256i magnitude[2] = {_mm256_abs_epi8(w[0]), _mm256_abs_epi8(w[1])};
#pragma GCC unroll 4
    for (int t = 0; t < Tokens; ++t) {
      const __m256i xs = broadcast_x(x + 4 * t);
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const __m256i pairs = _mm256_maddubs_epi16(magnitude[half], _mm256_sign_epi8(xs, w[half]));
        total[t][half] = _mm256_add_epi32(total[t][half], add_pairs(pairs));
      }
    }
  }
#pragma GCC unroll 4
  for (int t = 0; t < Tokens; ++t) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums[t]), total[t][0]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums[t] + 8), total[t][1]);
  }
}

/// values[t] of Halves * 8 rows. Nibbles are unsigned, and so small that a group's products add up
/// in int16: 16 * 15 * 127 < 32768 in each lane. Registers at 4 tokens and one half: 4 of sums, 4
/// of values, 2 of w, 1 of the mask, 2 to multiply in; a single token takes both halves at once.
template <int Halves, int Tokens>
[[gnu::always_inline]] inline void values_of_halves(const std::uint8_t* block,
                                                    const std::uint8_t* scales, std::size_t groups,
                                                    const std::int8_t* x,
                                                    const std::int32_t* group_sum, float* values) {
  constexpr std::size_t group_bytes = 16 * LayoutI4::bytes_per_group;
  const __m256i mask = _mm256_set1_epi8(15);
  f32v value[Tokens][Halves] = {};
  for (std::size_t g = 0; g < groups; ++g) {
    __m256i sum[Tokens][Halves] = {};
#pragma GCC unroll 4
    for (int column = 0; column < 16; column += 4) {
#pragma GCC unroll 2
      for (int half = 0; half < Halves; ++half) {
        const __m256i both = load_bytes(block + 16 * column + 32 * half);
        const __m256i low = _mm256_and_si256(both, mask);
        const __m256i high = _mm256_and_si256(_mm256_srli_epi16(both, 4), mask);
#pragma GCC unroll 4
        for (int t = 0; t < Tokens; ++t) {
          __m256i& to = sum[t][half];
          const std::int8_t* const xs = x + column * Tokens + 4 * t;
          to = _mm256_add_epi16(to, _mm256_maddubs_epi16(low, broadcast_x(xs)));
          to = _mm256_add_epi16(to, _mm256_maddubs_epi16(high, broadcast_x(xs + 16 * Tokens)));
        }
      }
    }
#pragma GCC unroll 2
    for (int half = 0; half < Halves; ++half) {
      const f32v scale = load(reinterpret_cast<const std::uint16_t*>(scales + 16 * half));
#pragma GCC unroll 4
      for (int t = 0; t < Tokens; ++t) {
        const __m256i surplus = _mm256_set1_epi32(8 * group_sum[t]);  // since nibbles are q + 8
        const __m256i total = _mm256_sub_epi32(add_pairs(sum[t][half]), surplus);
        value[t][half] = fma(_mm256_cvtepi32_ps(total), scale, value[t][half]);
      }
    }
    block += group_bytes;
    scales += group_bytes;
    x += group_inputs * Tokens;
    group_sum += Tokens;
  }
#pragma GCC unroll 4
  for (int t = 0; t < Tokens; ++t) {
#pragma GCC unroll 2
    for (int half = 0; half < Halves; ++half) {
      store(values + 16 * t + 8 * half, value[t][half]);
    }
  }
}

template <int Tokens>
[[gnu::noinline]] void block_values_i4(const std::uint8_t* block, std::size_t groups,
                                       const std::int8_t* x, const std::int32_t* group_sum,
                                       float (&values)[Tokens][16]) {
  constexpr int halves = Tokens <= 2 ? 2 : 1;
  const std::uint8_t* const scales = block + 16 * (group_inputs / 2);
#pragma GCC unroll 1
  for (int half = 0; half < 2; half += halves) {
    values_of_halves<halves, Tokens>(block + 32 * half, scales + 16 * half, groups, x, group_sum,
                                     values[0] + 8 * half);
  }
}

#include "kernels/generic/kernels.inl"

}  // namespace

constinit const KernelSet avx2_set = make_set("avx2", feature_avx2);

}  // namespace crayon::kernels
