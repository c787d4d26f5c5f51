// What the x86 paths say alike: fused multiply-add, and binary16 by F16C.

[[gnu::always_inline]] inline f32v fma(f32v a, f32v b, f32v c) {
  return _mm256_fmadd_ps(a, b, c);
}

[[gnu::always_inline]] inline f32v load(const std::uint16_t* x) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
}

[[gnu::always_inline]] inline void store(std::uint16_t* y, f32v value) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y),
                   _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
}
