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

  /// Inputs [32 * g, 32 * g + 32).
  void put(std::size_t g, const std::int8_t* q) {
    constexpr std::size_t piece = layout.x.inputs_per_group;
    std::int8_t* to =
        out.data + first * out.inputs + g * group_inputs * width + (token - first) * piece;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < group_inputs; ++i) {
      sum += q[i];
    }
    for (std::size_t i = 0; i < group_inputs; i += piece, to += width * piece) {
      __builtin_memcpy(to, q + i, piece);
    }
    out.group_sum[first * (out.inputs / group_inputs) + g * width + (token - first)] = sum;
    total += sum;
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
  // Adding 1.5 * 2^23 rounds to nearest even and leaves the integer in the low bits.
  const auto rounded = [=](f32v xs) {
    return __builtin_bit_cast(i32v, xs * inverse + 12582912.0f);
  };

  RowWriter writer(out, token);
  for (std::size_t g = 0; g < out.inputs / group_inputs; ++g) {
    alignas(64) std::int8_t q[group_inputs] = {};
    const std::size_t begin = g * group_inputs;
    for (std::size_t i = begin; !nothing && i < begin + group_inputs && i < n; i += lanes) {
      const i32v bits = rounded(n - i < lanes ? load_tail(x + i, n - i) : load(x + i));
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        q[i - begin + lane] = static_cast<std::int8_t>(bits[lane]);
      }
    }
    writer.put(g, q);
  }
  out.scale[token] = !finite ? __builtin_nanf("") : nothing ? 0.0f : magnitude / 127.0f;
  out.sum[token] = writer.total;
}
