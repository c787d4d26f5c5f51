// What the x86 paths say alike: fused multiply-add, binary16 by F16C, and the steps of
// quantisation.

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

/// See quantize.inl.
inline std::int32_t largest_magnitude(const float* x, std::size_t n) {
  const __m256i no_sign = _mm256_set1_epi32(0x7fffffff);
  const auto magnitude = [=](const float* p) {
    return _mm256_and_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)), no_sign);
  };
  __m256i largest[2] = {};  // two, so that neither waits for its last maximum
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    largest[0] = _mm256_max_epi32(largest[0], magnitude(x + i));
    largest[1] = _mm256_max_epi32(largest[1], magnitude(x + i + 8));
  }
  alignas(32) float rest[16] = {};
  for (std::size_t j = 0; i + j < n; ++j) {
    rest[j] = x[i + j];
  }
  largest[0] = _mm256_max_epi32(largest[0], magnitude(rest));
  largest[1] = _mm256_max_epi32(largest[1], magnitude(rest + 8));
  const __m256i both = _mm256_max_epi32(largest[0], largest[1]);
  const __m128i four =
      _mm_max_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  const __m128i two = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0b01001110));
  return _mm_cvtsi128_si32(_mm_max_epi32(two, _mm_shuffle_epi32(two, 0b10110001)));
}

/// See quantize.inl. Conversion rounds to nearest even.
[[gnu::always_inline]] inline std::int32_t quantize_group(const float* x, float inverse,
                                                          std::int8_t* q) {
  const auto eight = [=](std::size_t i) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i), _mm256_set1_ps(inverse)));
  };
  // Packing goes half by half: the bytes come in the order 0-3, 8-11, 16-19, 24-27, 4-7, ...
  const __m256i mixed = _mm256_packs_epi16(_mm256_packs_epi32(eight(0), eight(8)),
                                           _mm256_packs_epi32(eight(16), eight(24)));
  const __m256i bytes =
      _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(q), bytes);
  // The sums of q + 128 by eights.
  const __m256i sums =
      _mm256_sad_epu8(_mm256_xor_si256(mixed, _mm256_set1_epi8(-128)), _mm256_setzero_si256());
  const __m128i two =
      _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_unpackhi_epi64(two, two))) - 128 * 32;
}
