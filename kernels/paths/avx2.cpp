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

// A block is 4 rows, each row's 16 inputs of a step together:
//
//            inputs 0..15   16..31
//   row 0    | 0: 16 B |   | 64: 16 B |
//   row 1    | 16      |   | 80       |      offsets in bytes
//   row 2    | 32      |   | 96       |
//   row 3    | 48      |   | 112      |
constexpr Layout layout = {
    .i8 = {.id = 2, .rows_per_block = 4, .inputs_per_group = 16, .input_multiple = 16, .flip = 0},
    .i4 = {.id = 102, .rows_per_block = 4, .inputs_per_group = 16},
    .x = {.tokens_per_group = 2, .inputs_per_group = 16}};

// 4 rows x 2 tokens of sums, 2 registers of x, 1 of w: 11 of 16. Three tokens would fit, but
// leave none to load ahead.
static_assert(layout.x.tokens_per_group == 2);

/// Widens both sides to int16: the faster product of bytes saturates its pairs.
template <int Tokens>
void block_sums(const std::int8_t* block, std::size_t inputs, const std::int8_t* x,
                std::int32_t (&sums)[Tokens][4]) {
  const auto widen = [](const std::int8_t* bytes) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
  };
  __m256i total[Tokens][4] = {};
  for (std::size_t c = 0; c < inputs; c += 16) {
    __m256i xs[Tokens];
    for (int t = 0; t < Tokens; ++t) {
      xs[t] = widen(x + Tokens * c + static_cast<std::size_t>(16 * t));
    }
    for (int row = 0; row < 4; ++row) {
      const __m256i ws = widen(block + 4 * c + static_cast<std::size_t>(16 * row));
      for (int t = 0; t < Tokens; ++t) {
        total[t][row] = _mm256_add_epi32(total[t][row], _mm256_madd_epi16(ws, xs[t]));
      }
    }
  }
  for (int t = 0; t < Tokens; ++t) {
    const __m256i rows01 = _mm256_hadd_epi32(total[t][0], total[t][1]);
    const __m256i rows23 = _mm256_hadd_epi32(total[t][2], total[t][3]);
    const __m256i halves = _mm256_hadd_epi32(rows01, rows23);
    const __m128i all =
        _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums[t]), all);
  }
}

#include "kernels/generic/half_x86.inl"
#include "kernels/generic/plain_i4.inl"

#include "kernels/generic/kernels.inl"

}  // namespace

constinit const KernelSet avx2_set = make_set("avx2", feature_avx2);

}  // namespace crayon::kernels
