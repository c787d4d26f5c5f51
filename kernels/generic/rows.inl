// Kernels on rows of floats: sums, norms, rotation, conversion.

float dot_f32(const float* x, const float* y, std::size_t n) {
  float result[1][1];
  dot_tile(x, n, y, n, n, result);
  return result[0][0];
}

/// Adds n numbers in the order of a dot product: `add(x, sum)` adds a register.
template <typename Add>
[[gnu::always_inline]] inline float sum_by(const float* x, std::size_t n, Add add) {
  Partial partial = {};
  std::size_t i = 0;
#pragma GCC unroll 4
  for (; i + partials <= n; i += partials) {
    for (int part = 0; part < registers; ++part) {
      f32v& total = partial.part[part];
      total = add(load(x + i + static_cast<std::size_t>(part * lanes)), total);
    }
  }
  for (int part = 0; part < registers && i < n; ++part, i += lanes) {
    f32v& total = partial.part[part];
    total = add(n - i < lanes ? load_tail(x + i, n - i) : load(x + i), total);
  }
  return sum(partial);
}

float sum_of(const float* x, std::size_t n) {
  return sum_by(x, n, [](f32v xs, f32v total) { return total + xs; });
}

/// dot_f32(x, x), reading x once.
float sum_of_squares(const float* x, std::size_t n) {
  return sum_by(x, n, [](f32v xs, f32v total) { return fma(xs, xs, total); });
}

void axpy_f32(float a, const float* x, float* y, std::size_t n) {
  map2(x, y, y, n, [=](f32v xs, f32v ys) { return fma(splat(a), xs, ys); });
}

void rms_norm(const float* x, const float* weight, std::size_t n, float eps, float* y) {
  assert(n >= 1);
  const float mean = sum_of_squares(x, n) / static_cast<float>(n);
  const float inverse = 1.0f / __builtin_sqrtf(mean + eps);
  map2(x, weight, y, n, [=](f32v xs, f32v ws) { return xs * inverse * ws; });
}

void layer_norm(const float* x, const float* weight, const float* bias, std::size_t n, float eps,
                float* y) {
  assert(n >= 1);
  const float mean = sum_of(x, n) / static_cast<float>(n);
  map(x, y, n, [=](f32v xs) { return xs - mean; });
  const float variance = sum_of_squares(y, n) / static_cast<float>(n);
  const float inverse = 1.0f / __builtin_sqrtf(variance + eps);
  map2(y, weight, y, n, [=](f32v ys, f32v ws) { return ys * inverse * ws; });
  map2(y, bias, y, n, [](f32v ys, f32v bs) { return ys + bs; });
}

void rope_half(float* x, const float* cos, const float* sin, std::size_t half) {
  float* y = x + half;
  std::size_t i = 0;
  for (; i + lanes <= half; i += lanes) {
    const f32v a = load(x + i), b = load(y + i), c = load(cos + i), s = load(sin + i);
    store(x + i, fma(-b, s, a * c));
    store(y + i, fma(a, s, b * c));
  }
  for (; i < half; ++i) {
    const float a = x[i], b = y[i];
    x[i] = __builtin_fmaf(-b, sin[i], a * cos[i]);
    y[i] = __builtin_fmaf(a, sin[i], b * cos[i]);
  }
}

void f32_to_f16(const float* x, std::uint16_t* y, std::size_t n) {
  map(x, y, n, [](f32v xs) { return xs; });
}

void f16_to_f32(const std::uint16_t* x, float* y, std::size_t n) {
  map(x, y, n, [](f32v xs) { return xs; });
}
