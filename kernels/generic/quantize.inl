// KernelSet::quantize_i8 and quantize_static_i8. The two templates are what a path may do better: a
// function of the same name without a template, declared before this file is included, is taken
// instead.

/// The bits of max |x|. Without the sign, floats are ordered as their bits are, infinity and NaN
/// above all numbers.
template <typename Size>
std::int32_t largest_magnitude(const float* x, Size n) {
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

/// q[i] = x[i] * inverse, rounded to nearest even, for i < 32, where that is in -127..127. Returns
/// their sum.
template <typename Byte>
std::int32_t quantize_group(const float* x, float inverse, Byte* q) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < group_inputs; i += lanes) {
    // Adding 1.5 * 2^23 rounds to nearest even and leaves the integer in the low bits.
    const auto bits = __builtin_bit_cast(i32v, load(x + i) * inverse + 12582912.0f);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      q[i + lane] = static_cast<Byte>(bits[lane]);
      sum += q[i + lane];
    }
  }
  return sum;
}

/// Places a token's int8 row and its sums.
struct RowWriter {
  const ActivationsI8& out;
  std::size_t token;
  std::size_t first;  // token of its group
  std::size_t width;  // tokens in its group

  RowWriter(const ActivationsI8& to, std::size_t which) : out(to), token(which) {
    constexpr std::size_t most = layout.x.tokens_per_group;
    first = token / most * most;
    width = out.tokens - first < most ? out.tokens - first : most;
  }

  /// Inputs [32 * g, 32 * g + 32), with their sum.
  [[gnu::always_inline]] void put(std::size_t g, const std::int8_t* q, std::int32_t sum) {
    constexpr std::size_t piece = layout.x.inputs_per_group, most = layout.x.tokens_per_group;
    std::int8_t* const to =
        out.data + first * out.inputs + g * group_inputs * width + (token - first) * piece;
    if (width == 1) {
      __builtin_memcpy(to, q, group_inputs);
    } else if (width == most) {
      scatter(q, to, most * piece);
    } else {
      scatter(q, to, width * piece);
    }
    out.group_sum[first * (out.inputs / group_inputs) + g * width + (token - first)] = sum;
    total += sum;
  }

  [[gnu::always_inline]] static void scatter(const std::int8_t* q, std::int8_t* to,
                                             std::size_t stride) {
    constexpr std::size_t piece = layout.x.inputs_per_group;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < group_inputs / piece; ++i) {
      __builtin_memcpy(to + i * stride, q + i * piece, piece);
    }
  }

  std::int32_t total = 0;
};

void quantize_i8(const float* x, std::size_t n, std::size_t token, const ActivationsI8& out) {
  assert(out.inputs >= n && out.inputs % group_inputs == 0 && token < out.tokens);
  constexpr std::int32_t infinity = 0x7f800000;
  const std::int32_t largest = largest_magnitude(x, n);
  const float magnitude = __builtin_bit_cast(float, largest);
  const bool finite = largest < infinity;
  const bool nothing = !finite || magnitude < 1e-30f;
  const float inverse = nothing ? 0.0f : 127.0f / magnitude;

  RowWriter writer(out, token);
  alignas(64) std::int8_t q[group_inputs] = {};
  std::size_t g = 0;
  for (; !nothing && (g + 1) * group_inputs <= n; ++g) {
    const std::int32_t sum = quantize_group(x + g * group_inputs, inverse, q);
    writer.put(g, q, sum);
  }
  for (; g < out.inputs / group_inputs; ++g) {
    alignas(64) float rest[group_inputs] = {};
    for (std::size_t i = g * group_inputs; !nothing && i < n; ++i) {
      rest[i - g * group_inputs] = x[i];
    }
    const std::int32_t sum = quantize_group(rest, inverse, q);
    writer.put(g, q, sum);
  }
  out.scale[token] = !finite ? __builtin_nanf("") : nothing ? 0.0f : magnitude / 127.0f;
  out.sum[token] = writer.total;
}

/// What of x [32] lies in [-range, range], and at its ends what does not. Adds NaN to `bad` where x
/// is not finite.
[[gnu::always_inline]] inline void clip_group(const float* x, f32v range, float* clipped,
                                              f32v& bad) {
  for (std::size_t i = 0; i < group_inputs; i += lanes) {
    const f32v xs = load(x + i);
    bad += xs - xs;
    const f32v below = xs < range ? xs : range;
    store(clipped + i, below > -range ? below : -range);
  }
}

void quantize_static_i8(const float* x, std::size_t n, float range, std::size_t token,
                        const ActivationsI8& out) {
  assert(out.inputs >= n && out.inputs % group_inputs == 0 && token < out.tokens);
  const float inverse = 127.0f / range;
  const f32v ranges = splat(range);
  f32v bad = {};
  RowWriter writer(out, token);
  alignas(64) std::int8_t q[group_inputs] = {};
  alignas(64) float clipped[group_inputs];
  std::size_t g = 0;
  for (; (g + 1) * group_inputs <= n; ++g) {
    clip_group(x + g * group_inputs, ranges, clipped, bad);
    const std::int32_t sum = quantize_group(clipped, inverse, q);
    writer.put(g, q, sum);
  }
  for (; g < out.inputs / group_inputs; ++g) {
    alignas(64) float rest[group_inputs] = {};
    for (std::size_t i = g * group_inputs; i < n; ++i) {
      rest[i - g * group_inputs] = x[i];
    }
    clip_group(rest, ranges, clipped, bad);
    const std::int32_t sum = quantize_group(clipped, inverse, q);
    writer.put(g, q, sum);
  }
  float any = 0;
  for (int lane = 0; lane < lanes; ++lane) {
    any += bad[lane];
  }
  out.scale[token] = any + range / 127.0f;
  out.sum[token] = writer.total;
}
