// KernelSet::quantize_i8.

/// The bits of max |x|. Without the sign, floats are ordered as their bits are, infinity and NaN
/// above all numbers.
std::int32_t largest_magnitude(const float* x, std::size_t n) {
  const auto magnitude = [](f32v xs) { return __builtin_bit_cast(i32v, xs) & 0x7fffffff; };
  i32v largest = {};
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const i32v bits = magnitude(load(x + i));
    largest = bits > largest ? bits : largest;
  }
  if (i < n) {
    const i32v bits = magnitude(load_tail(x + i, n - i));
    largest = bits > largest ? bits : largest;
  }
  std::int32_t result = 0;
  for (int lane = 0; lane < lanes; ++lane) {
    result = largest[lane] > result ? largest[lane] : result;
  }
  return result;
}

float quantize_i8(const float* x, std::size_t n, std::int8_t* q, std::size_t padded) {
  assert(padded >= n);
  constexpr std::int32_t infinity = 0x7f800000;
  const std::int32_t largest = largest_magnitude(x, n);
  const float scale = __builtin_bit_cast(float, largest) / 127.0f;
  if (largest >= infinity || scale == 0.0f) {
    __builtin_memset(q, 0, padded);
    return largest >= infinity ? __builtin_nanf("") : 0.0f;
  }
  // x / scale reaches beyond 127 when the scale is so small that it was rounded coarsely.
  const f32v top = splat(127.0f);
  const auto rounded = [=](f32v xs) {
    f32v steps = xs / scale;
    steps = choose(steps > top, top, steps);
    steps = choose(steps < -top, -top, steps);
    // Adding 1.5 * 2^23 rounds to nearest even and leaves the integer in the low bits.
    return bits_of(steps + 12582912.0f);
  };
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const u32v bits = rounded(load(x + i));
#pragma GCC unroll 8
    for (int lane = 0; lane < lanes; ++lane) {
      q[i + static_cast<std::size_t>(lane)] = static_cast<std::int8_t>(bits[lane]);
    }
  }
  if (i < n) {
    const u32v bits = rounded(load_tail(x + i, n - i));
    for (int lane = 0; i < n; ++i, ++lane) {
      q[i] = static_cast<std::int8_t>(bits[lane]);
    }
  }
  __builtin_memset(q + n, 0, padded - n);
  return scale;
}
