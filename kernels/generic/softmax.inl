// KernelSet::softmax.

/// The largest of n >= 1 numbers; some other one of them when there are NaNs.
float max_of(const float* x, std::size_t n) {
  f32v largest = splat(x[0]);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const f32v xs = load(x + i);
    largest = larger(xs, largest);
  }
  float max = x[0];
  for (int lane = 0; lane < lanes; ++lane) {
    max = largest[lane] > max ? largest[lane] : max;
  }
  for (; i < n; ++i) {
    max = x[i] > max ? x[i] : max;
  }
  return max;
}

/// x[i] = exp(x[i] - max x); returns the sum of the results.
float exp_minus_max(float* x, std::size_t n) {
  const float max = max_of(x, n);
  map(x, x, n, [=](f32v xs) { return exp_of_negative(xs - max); });
  return sum_of(x, n);
}

void softmax(float* x, std::size_t n) {
  assert(n >= 1);
  const float total = exp_minus_max(x, n);
  map(x, x, n, [=](f32v xs) { return xs / total; });
}
