// The path for x86-64 cores with VPDPBUSD on 256 bits and no AVX-512: Intel since Alder Lake and
// Gracemont (N100, N305).
#include <immintrin.h>

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "kernels/paths/paths.h"

// Tests compile it for AVX-512 too, which has the same instruction under another encoding.
#if !(defined(__AVXVNNI__) || (defined(__AVX512VNNI__) && defined(__AVX512VL__))) || \
    !defined(__FMA__) || !defined(__F16C__)
#error "compile this file with -mavxvnni -mfma -mf16c"
#endif

namespace crayon::kernels {
namespace {

#include "kernels/generic/vector.inl"

#include "kernels/generic/x86.inl"

using Ints = __m256i;
using Floats = __m256;
constexpr int vnni_lanes = 8;

[[gnu::always_inline]] inline Ints load_ints(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
[[gnu::always_inline]] inline Floats load_halves(const void* from) {
  return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(from)));
}
[[gnu::always_inline]] inline void store_ints(std::int32_t* to, Ints ints) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), ints);
}
[[gnu::always_inline]] inline void store_floats(float* to, Floats floats) {
  _mm256_storeu_ps(to, floats);
}
[[gnu::always_inline]] inline Ints broadcast(std::int32_t value) {
  return _mm256_set1_epi32(value);
}
[[gnu::always_inline]] inline Ints add(Ints a, Ints b) {
  return _mm256_add_epi32(a, b);
}
[[gnu::always_inline]] inline Floats to_floats(Ints ints) {
  return _mm256_cvtepi32_ps(ints);
}
[[gnu::always_inline]] inline Ints multiply_add(Ints sums, Ints w, Ints x) {
#ifdef __AVXVNNI__
  return _mm256_dpbusd_avx_epi32(sums, w, x);
#else
  return _mm256_dpbusd_epi32(sums, w, x);
#endif
}
[[gnu::always_inline]] inline Floats multiply_add(Floats a, Floats b, Floats c) {
  return _mm256_fmadd_ps(a, b, c);
}
[[gnu::always_inline]] inline Ints low_nibbles(Ints bytes) {
  return _mm256_and_si256(bytes, _mm256_set1_epi8(15));
}
[[gnu::always_inline]] inline Ints high_nibbles(Ints bytes) {
  return low_nibbles(_mm256_srli_epi16(bytes, 4));
}

// Registers of int8 at 6 tokens: 12 of sums, 2 of w, 1 of x, of 16: 12 VPDPBUSD for 8 loads, half
// a block at a time. Of int4: 6 of sums, 6 of values, 2 of w, 1 of x, 1 of the mask. A single token
// takes whole blocks, so that its weights are one ascending stream.
constexpr std::size_t x_tokens = 6;

template <int Tokens>
struct Tile {
  static constexpr int registers = Tokens <= 2 ? 4 : 2;
  static constexpr int chains = Tokens == 1 ? 2 : 1;
  static constexpr int i4_registers = Tokens == 1 ? 4 : Tokens == 2 ? 2 : 1;
};

// 8 rows of 4 inputs: a lane is a row.
constexpr LayoutI8 down_layout = {
    .id = 8, .rows_per_block = 8, .inputs_per_group = 4, .input_multiple = 4, .flip = 0x80};

template <int Tokens>
[[gnu::always_inline]] inline Ints broadcast_down(const std::int8_t* x) {
  std::int32_t four;
  __builtin_memcpy(&four, x, sizeof four);
  return broadcast(four);
}

[[gnu::always_inline]] inline void store_down(std::int32_t* to, Ints sums, std::int32_t addend) {
  store_ints(to, add(sums, broadcast(addend)));
}

#include "kernels/generic/vnni.inl"

#include "kernels/generic/kernels.inl"

}  // namespace

constinit const KernelSet avxvnni_set = make_set("avxvnni", feature_avx2 | feature_avxvnni);

}  // namespace crayon::kernels
