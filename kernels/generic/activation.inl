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

void silu(const float* x, float* y, std::size_t n) {
  map(x, y, n, [](f32v xs) { return silu_of(xs); });
}

void gelu_tanh(const float* x, float* y, std::size_t n) {
  map(x, y, n, [](f32v xs) { return gelu_tanh_of(xs); });
}

void silu_mul(const float* gate, const float* up, float* y, std::size_t n) {
  map2(gate, up, y, n, [](f32v g, f32v u) { return silu_of(g) * u; });
}

void gelu_tanh_mul(const float* gate, const float* up, float* y, std::size_t n) {
  map2(gate, up, y, n, [](f32v g, f32v u) { return gelu_tanh_of(g) * u; });
}
