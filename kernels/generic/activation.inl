// Activations, and the cap on scores: all are made of exp.

/// cap * tanh(x / cap)
template <typename V>
[[gnu::always_inline]] inline V soft_capped(V x, float cap) {
  // tanh(u) = 1 - 2 / (e^2u + 1), which is right at both infinities.
  return cap * (1.0f - 2.0f / (exp(x * (2.0f / cap)) + 1.0f));
}

void soft_cap(float* x, std::size_t n, float cap) {
  assert(cap > 0.0f);
  map(x, x, n, [=](f32v xs) { return soft_capped(xs, cap); });
}

[[gnu::always_inline]] inline f32v silu_of(f32v x) {
  return x / (1.0f + exp(-x));
}

/// x / 2 * (1 + tanh(u)) is x / (1 + e^-2u).
[[gnu::always_inline]] inline f32v gelu_tanh_of(f32v x) {
  constexpr float twice_sqrt_2_over_pi = 1.59576912f;
  const f32v cubic = x * fma(splat(0.044715f), x * x, splat(1.0f));
  return x / (1.0f + exp(-twice_sqrt_2_over_pi * cubic));
}

[[gnu::always_inline]] inline f32v gelu_quick_of(f32v x) {
  return x / (1.0f + exp(-1.702f * x));
}

/// With q = (1 - erf(|x| / sqrt(2))) / 2, x q below 0 and x - x q above.
[[gnu::always_inline]] inline f32v gelu_erf_of(f32v x) {
  constexpr float sqrt_half = 0.707106781f;
  const f32v z = larger(x, -x) * sqrt_half;
  const f32v t = 1.0f / fma(splat(0.3275911f), z, splat(1.0f));
  f32v sum = fma(splat(1.061405429f), t, splat(-1.453152027f));
  sum = fma(sum, t, splat(1.421413741f));
  sum = fma(sum, t, splat(-0.284496736f));
  sum = fma(sum, t, splat(0.254829592f));
  const f32v part = x * (0.5f * (sum * t) * exp_of_negative(-(z * z)));
  return choose(x > 0.0f, x - part, part);
}

void silu(const float* x, float* y, std::size_t n) {
  map(x, y, n, [](f32v xs) { return silu_of(xs); });
}

void gelu_tanh(const float* x, float* y, std::size_t n) {
  map(x, y, n, [](f32v xs) { return gelu_tanh_of(xs); });
}

void gelu_quick(const float* x, float* y, std::size_t n) {
  map(x, y, n, [](f32v xs) { return gelu_quick_of(xs); });
}

void gelu_erf(const float* x, float* y, std::size_t n) {
  map(x, y, n, [](f32v xs) { return gelu_erf_of(xs); });
}

void silu_mul(const float* gate, const float* up, float* y, std::size_t n) {
  map2(gate, up, y, n, [](f32v g, f32v u) { return silu_of(g) * u; });
}

void gelu_tanh_mul(const float* gate, const float* up, float* y, std::size_t n) {
  map2(gate, up, y, n, [](f32v g, f32v u) { return gelu_tanh_of(g) * u; });
}
