// What the x86 paths say alike: fused multiply-add, and binary16 by F16C.

[[gnu::always_inline]] inline f32v fma(f32v a, f32v b, f32v c) {
  return _mm256_fmadd_ps(a, b, c);
}

// Of two numbers, the one or the other; b where it is NaN.
[[gnu::always_inline]] inline f32v larger(f32v a, f32v b) {
  return _mm256_max_ps(a, b);
}
[[gnu::always_inline]] inline f32v smaller(f32v a, f32v b) {
  return _mm256_min_ps(a, b);
}

[[gnu::always_inline]] inline f32v load(const std::uint16_t* x) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
}

[[gnu::always_inline]] inline void store(std::uint16_t* y, f32v value) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y),
                   _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
}

// 16 numbers of the KV cache, for attention.
#ifdef __AVX512F__
// GCC 12 warns of what its unmasked intrinsics pass on for lanes that are not wanted.
constexpr __mmask16 every_lane = 0xffff;

[[gnu::always_inline]] inline f32w fma(f32w a, f32w b, f32w c) {
  return _mm512_fmadd_ps(a, b, c);
}

[[gnu::always_inline]] inline f32w larger(f32w a, f32w b) {
  return _mm512_maskz_max_ps(every_lane, a, b);
}
[[gnu::always_inline]] inline f32w smaller(f32w a, f32w b) {
  return _mm512_maskz_min_ps(every_lane, a, b);
}

[[gnu::always_inline]] inline void expand(const std::uint16_t* x, f32w (&y)[1]) {
  y[0] = _mm512_maskz_cvtph_ps(every_lane, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
}

[[gnu::always_inline]] inline void expand(const std::int8_t* x, f32w (&y)[1]) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x));
  y[0] = _mm512_maskz_cvtepi32_ps(every_lane, _mm512_maskz_cvtepi8_epi32(every_lane, bytes));
}
#else
[[gnu::always_inline]] inline void expand(const std::uint16_t* x, f32w (&y)[2]) {
  y[0] = load(x);
  y[1] = load(x + 8);
}

[[gnu::always_inline]] inline void expand(const std::int8_t* x, f32w (&y)[2]) {
  const auto widen = [](const std::int8_t* bytes) {
    return _mm256_cvtepi32_ps(
        _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes))));
  };
  y[0] = widen(x);
  y[1] = widen(x + 8);
}
#endif
