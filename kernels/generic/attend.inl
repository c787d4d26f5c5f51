// KernelSet::attend_*: one query head over its cached positions.

/// out[d] = sum_p weight[p] * v[p][d] for `Width` registers of d, p from left to right: the sums
/// stay in registers while the cache streams by.
template <int Width, typename V>
[[gnu::always_inline]] inline void weighted_sum(const float* weight, const V* v, std::size_t n,
                                                std::size_t stride, float inverse, float* out) {
  f32v total[Width] = {};
  for (std::size_t p = 0; p < n; ++p) {
#pragma GCC unroll 8
    for (int i = 0; i < Width; ++i) {
      const f32v vs = load(v + p * stride + static_cast<std::size_t>(i * lanes));
      total[i] = fma(splat(weight[p]), vs, total[i]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < Width; ++i) {
    store(out + static_cast<std::size_t>(i * lanes), total[i] * inverse);
  }
}

template <typename Cache>
void attend(const float* q, const Cache* k, const Cache* v, std::size_t n, std::size_t stride,
            std::size_t head_dim, float scale, float softcap, float* scores, float* out) {
  assert(n >= 1 && stride >= head_dim);
  dots(k, stride, 0, n, q, head_dim, 1, head_dim,
       [=](std::size_t, std::size_t p, float sum) { scores[p] = sum * scale; });
  if (softcap != 0.0f) {
    soft_cap(scores, n, softcap);
  }
  const float inverse = 1.0f / exp_minus_max(scores, n);

  constexpr int wide = 32 / lanes;  // a head of 64 or 128 is two or four of these
  std::size_t d = 0;
  for (; d + 32 <= head_dim; d += 32) {
    weighted_sum<wide>(scores, v + d, n, stride, inverse, out + d);
  }
  for (; d + lanes <= head_dim; d += lanes) {
    weighted_sum<1>(scores, v + d, n, stride, inverse, out + d);
  }
  if (d < head_dim) {
    f32v total = {};
    for (std::size_t p = 0; p < n; ++p) {
      total = fma(splat(scores[p]), load_tail(v + p * stride + d, head_dim - d), total);
    }
    store_tail(out + d, total * inverse, head_dim - d);
  }
}
