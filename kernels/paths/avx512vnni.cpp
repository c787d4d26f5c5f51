// The path for x86-64 cores with AVX-512 and VPDPBUSD: Intel since Cascade Lake, AMD since Zen 4.
#include <immintrin.h>

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "kernels/paths/paths.h"

#if !defined(__AVX512VNNI__) || !defined(__AVX512VL__) || !defined(__AVX512BW__) || \
    !defined(__FMA__) || !defined(__F16C__)
#error "compile this file with -mavx512bw -mavx512vl -mavx512vnni -mfma -mf16c"
#endif

namespace crayon::kernels {
namespace {

#include "kernels/generic/vector.inl"

// A block is 32 rows; 4 inputs of each stand together, as the lanes of VPDPBUSD want them:
//
//              inputs 0..3 of rows            4..7             8..11
//   half 0     0  1  2 ... 15    |   0: 64 B |   | 128: 64 B |   | 256 |
//   half 1    16 17 18 ... 31    |  64       |   | 192       |   | 320 |    offsets in bytes
//
// VPDPBUSD multiplies the unsigned bytes of one of these registers, w + 128, with 4 signed inputs
// of x, the same for its 16 rows, and adds to 16 sums, one a row: no lane ever needs adding across.
constexpr Layout layout = {
    .i8 = {.id = 7, .rows_per_block = 32, .inputs_per_group = 4, .input_multiple = 4, .flip = 0x80},
    .i4 = {.id = 107, .rows_per_block = 32, .inputs_per_group = 4},
    .x = {.tokens_per_group = 12, .inputs_per_group = 4}};

constexpr std::size_t group_bytes = 32 * 4;  // of w, for 4 inputs

/// 4 inputs of a token, in every lane.
[[gnu::always_inline]] inline __m512i broadcast(const std::int8_t* x) {
  std::int32_t four;
  __builtin_memcpy(&four, x, sizeof four);
  return _mm512_set1_epi32(four);
}

// Registers at 12 tokens: 24 of sums, 2 of w, 1 of x, of 32. One token alone has 2 sums, each of
// which waits for its last VPDPBUSD: four sets of them let the products overlap. Its weights need
// no prefetching by hand: they are one ascending stream, which the core follows by itself.
template <int Tokens>
constexpr int chains = Tokens == 1   ? 4
                       : Tokens == 2 ? 2
                                     : 1;

template <int Tokens>
using Totals = __m512i[chains<Tokens>][Tokens][2];

template <int Tokens>
[[gnu::always_inline]] inline void add_group(const std::int8_t* w, const std::int8_t* x,
                                             __m512i (&total)[Tokens][2]) {
  const __m512i w0 = _mm512_loadu_si512(w), w1 = _mm512_loadu_si512(w + 64);
#pragma GCC unroll 12
  for (int t = 0; t < Tokens; ++t) {
    const __m512i xs = broadcast(x + static_cast<std::size_t>(4 * t));
    total[t][0] = _mm512_dpbusd_epi32(total[t][0], w0, xs);
    total[t][1] = _mm512_dpbusd_epi32(total[t][1], w1, xs);
  }
}

template <int Tokens>
[[gnu::noinline]] void block_sums(const std::int8_t* block, std::size_t inputs,
                                  const std::int8_t* x, const std::int32_t* x_sum,
                                  std::int32_t (&sums)[Tokens][32]) {
  Totals<Tokens> total = {};
#pragma GCC unroll 12
  for (int t = 0; t < Tokens; ++t) {
    const auto correction = -128u * static_cast<std::uint32_t>(x_sum[t]);
    total[0][t][0] = total[0][t][1] = _mm512_set1_epi32(static_cast<std::int32_t>(correction));
  }
  std::size_t groups = inputs / 4;
  const auto add = [&](auto& to) {
    add_group<Tokens>(block, x, to);
    block += group_bytes;
    x += 4 * Tokens;
  };
  for (; groups >= chains<Tokens>; groups -= chains<Tokens>) {
#pragma GCC unroll 4
    for (int chain = 0; chain < chains<Tokens>; ++chain) {
      add(total[chain]);
    }
  }
  for (; chains < Tokens >> 1 && groups > 0; --groups) {
    add(total[0]);
  }
#pragma GCC unroll 12
  for (int t = 0; t < Tokens; ++t) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      __m512i sum = total[0][t][half];
#pragma GCC unroll 4
      for (int chain = 1; chain < chains<Tokens>; ++chain) {
        sum = _mm512_add_epi32(sum, total[chain][t][half]);
      }
      _mm512_store_si512(&sums[t][16 * half], sum);
    }
  }
}

// Registers of int4 at 6 tokens: 12 of a group's sums, 12 of values, 4 of w, 1 of x, 1 of the mask,
// of 32. Two such halves of 12 tokens take the nibbles apart twice, which costs less than keeping
// the values of all 12 in memory.
constexpr int i4_tokens = 6;

/// values[t] of tokens [First, First + Count) of Tokens. A group's sums start at -8 * x_sum, since
/// nibbles are q + 8.
template <int First, int Count, int Tokens>
[[gnu::always_inline]] inline void values_of_tokens(const std::uint8_t* block, std::size_t groups,
                                                    const std::int8_t* x,
                                                    const std::int32_t* group_sum,
                                                    float (&values)[Tokens][32]) {
  const __m512i low = _mm512_set1_epi8(15);
  __m512 value[Count][2] = {};
  for (std::size_t g = 0; g < groups; ++g) {
    __m512i sum[Count][2];
#pragma GCC unroll 6
    for (int t = 0; t < Count; ++t) {
      sum[t][0] = sum[t][1] = _mm512_set1_epi32(-8 * group_sum[First + t]);
    }
#pragma GCC unroll 4
    for (int column = 0; column < 16; column += 4) {
      const __m512i both0 = _mm512_loadu_si512(block + 32 * column);
      const __m512i both1 = _mm512_loadu_si512(block + 32 * column + 64);
      const __m512i low0 = _mm512_and_si512(both0, low), low1 = _mm512_and_si512(both1, low);
      const __m512i high0 = _mm512_and_si512(_mm512_srli_epi16(both0, 4), low);
      const __m512i high1 = _mm512_and_si512(_mm512_srli_epi16(both1, 4), low);
#pragma GCC unroll 6
      for (int t = 0; t < Count; ++t) {
        const __m512i xs = broadcast(x + column * Tokens + 4 * (First + t));
        sum[t][0] = _mm512_dpbusd_epi32(sum[t][0], low0, xs);
        sum[t][1] = _mm512_dpbusd_epi32(sum[t][1], low1, xs);
      }
#pragma GCC unroll 6
      for (int t = 0; t < Count; ++t) {
        const __m512i xs = broadcast(x + (column + 16) * Tokens + 4 * (First + t));
        sum[t][0] = _mm512_dpbusd_epi32(sum[t][0], high0, xs);
        sum[t][1] = _mm512_dpbusd_epi32(sum[t][1], high1, xs);
      }
    }
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const void* const scales = block + 512 + 32 * half;
      const __m512 scale = _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(scales)));
#pragma GCC unroll 6
      for (int t = 0; t < Count; ++t) {
        value[t][half] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[t][half]), scale, value[t][half]);
      }
    }
    block += 32 * LayoutI4::bytes_per_group;
    x += group_inputs * Tokens;
    group_sum += Tokens;
  }
#pragma GCC unroll 6
  for (int t = 0; t < Count; ++t) {
    _mm512_storeu_ps(values[First + t], value[t][0]);
    _mm512_storeu_ps(values[First + t] + 16, value[t][1]);
  }
}

template <int Tokens>
[[gnu::noinline]] void block_values_i4(const std::uint8_t* block, std::size_t groups,
                                       const std::int8_t* x, const std::int32_t* group_sum,
                                       float (&values)[Tokens][32]) {
  constexpr int first = Tokens < i4_tokens ? Tokens : i4_tokens;
  values_of_tokens<0, first>(block, groups, x, group_sum, values);
  if constexpr (Tokens > first) {
    values_of_tokens<first, Tokens - first>(block, groups, x, group_sum, values);
  }
}

#include "kernels/generic/half_x86.inl"

#include "kernels/generic/kernels.inl"

}  // namespace

constinit const KernelSet avx512vnni_set =
    make_set("avx512vnni", feature_avx2 | feature_avx512vnni);

}  // namespace crayon::kernels
