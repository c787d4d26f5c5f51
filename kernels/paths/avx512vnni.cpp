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

#include "kernels/generic/x86.inl"

using Ints = __m512i;
using Floats = __m512;
constexpr int vnni_lanes = 16;

[[gnu::always_inline]] inline Ints load_ints(const void* from) {
  return _mm512_loadu_si512(from);
}
[[gnu::always_inline]] inline Floats load_halves(const void* from) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(from)));
}
[[gnu::always_inline]] inline void store_ints(std::int32_t* to, Ints ints) {
  _mm512_storeu_si512(to, ints);
}
[[gnu::always_inline]] inline void store_floats(float* to, Floats floats) {
  _mm512_storeu_ps(to, floats);
}
[[gnu::always_inline]] inline Ints broadcast(std::int32_t value) {
  return _mm512_set1_epi32(value);
}
[[gnu::always_inline]] inline Ints add(Ints a, Ints b) {
  return _mm512_add_epi32(a, b);
}
[[gnu::always_inline]] inline Floats to_floats(Ints ints) {
  return _mm512_cvtepi32_ps(ints);
}
[[gnu::always_inline]] inline Ints multiply_add(Ints sums, Ints w, Ints x) {
  return _mm512_dpbusd_epi32(sums, w, x);
}
[[gnu::always_inline]] inline Floats multiply_add(Floats a, Floats b, Floats c) {
  return _mm512_fmadd_ps(a, b, c);
}
[[gnu::always_inline]] inline Ints low_nibbles(Ints bytes) {
  return _mm512_and_si512(bytes, _mm512_set1_epi8(15));
}
[[gnu::always_inline]] inline Ints high_nibbles(Ints bytes) {
  return low_nibbles(_mm512_srli_epi16(bytes, 4));
}

// Registers of int8 at 12 tokens: 24 of sums, 2 of w, 1 of x, of 32: 24 VPDPBUSD for 14 loads. Of
// int4 at 6: 12 of sums, 12 of values, 4 of w, 1 of x, 1 of the mask.
constexpr std::size_t x_tokens = 12;

template <int Tokens>
struct Tile {
  static constexpr int registers = 2;
  static constexpr int chains = Tokens == 1 ? 4 : Tokens == 2 ? 2 : 1;
  static constexpr int i4_registers = 2;
};

// 8 rows of 8 inputs: lanes 2 r and 2 r + 1 belong to row r.
constexpr LayoutI8 down_layout = {
    .id = 9, .rows_per_block = 8, .inputs_per_group = 8, .input_multiple = 8, .flip = 0x80};

template <int Tokens>
[[gnu::always_inline]] inline Ints broadcast_down(const std::int8_t* x) {
  if constexpr (Tokens == 1) {
    std::int64_t eight;
    __builtin_memcpy(&eight, x, sizeof eight);
    return _mm512_set1_epi64(eight);
  } else {
    std::int32_t four;
    __builtin_memcpy(&four, x, sizeof four);
    constexpr __mmask16 odd_lanes = 0xaaaa;
    return _mm512_mask_broadcastd_epi32(broadcast(four), odd_lanes, _mm_loadu_si32(x + 4 * Tokens));
  }
}

[[gnu::always_inline]] inline void store_down(std::int32_t* to, Ints sums, std::int32_t addend) {
  constexpr __mmask8 all = 0xff;
  const Ints pairs = add(sums, _mm512_maskz_srli_epi64(all, sums, 32));
  const __m256i rows = _mm512_maskz_cvtepi64_epi32(all, pairs);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                      _mm256_add_epi32(rows, _mm256_set1_epi32(addend)));
}

#include "kernels/generic/vnni.inl"

#include "kernels/generic/kernels.inl"

}  // namespace

constinit const KernelSet avx512vnni_set =
    make_set("avx512vnni", feature_avx2 | feature_avx512vnni);

}  // namespace crayon::kernels
