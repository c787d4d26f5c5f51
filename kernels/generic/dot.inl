// Dot products, and all that is made of them. This file fixes the order in which every path adds:
//
//   partial[j] = x[j] y[j] + x[j + 8] y[j + 8] + ...        j < 8, from left to right
//   sum        = ((p0 + p4) + (p2 + p6)) + ((p1 + p5) + (p3 + p7))
//
// with each product fused with its addition, each sum rounded, and zeros beyond the end. Eight
// partial sums fill one 256-bit register or two of 128 bits, and the tree is what halving such a
// register does.

constexpr std::size_t partials = 8;
constexpr int registers = partials / lanes;

using f32x4 [[gnu::vector_size(16)]] = float;

struct Partial {
  f32v part[registers];
};

[[gnu::always_inline]] inline float sum(const Partial& partial) {
  struct Halves {
    f32x4 low, high;
  };
  const Halves halves = __builtin_bit_cast(Halves, partial);
  const f32x4 four = halves.low + halves.high;
  return (four[0] + four[2]) + (four[1] + four[3]);
}

/// Adds eight products to each of Rows x Tokens partial sums. `read(p)` gives a register.
template <int Rows, int Tokens, typename W, typename Read>
[[gnu::always_inline]] inline void dot_step(const W* w, std::size_t w_stride, const float* x,
                                            std::size_t x_stride, std::size_t column, Read read,
                                            Partial (&partial)[Rows][Tokens]) {
#pragma GCC unroll 2
  for (int part = 0; part < registers; ++part) {
    const std::size_t c = column + static_cast<std::size_t>(part * lanes);
    f32v xs[Tokens];
#pragma GCC unroll 4
    for (int t = 0; t < Tokens; ++t) {
      xs[t] = read(x + static_cast<std::size_t>(t) * x_stride, c);
    }
#pragma GCC unroll 4
    for (int i = 0; i < Rows; ++i) {
      const f32v ws = read(w + static_cast<std::size_t>(i) * w_stride, c);
#pragma GCC unroll 4
      for (int t = 0; t < Tokens; ++t) {
        f32v& total = partial[i][t].part[part];
        total = fma(ws, xs[t], total);
      }
    }
  }
}

/// sums[i][t] = dot(w[i], x[t]) over n elements; rows of w and x lie w_stride and x_stride
/// elements apart. A tile reads each register of w and x once for Rows x Tokens products, and
/// its independent sums hide the latency of an addition.
template <int Rows, int Tokens, typename W>
[[gnu::always_inline]] inline void dot_tile(const W* w, std::size_t w_stride, const float* x,
                                            std::size_t x_stride, std::size_t n,
                                            float (&sums)[Rows][Tokens]) {
  Partial partial[Rows][Tokens] = {};
  std::size_t column = 0;
  for (; column + partials <= n; column += partials) {
    const auto whole = [](const auto* row, std::size_t c) { return load(row + c); };
    dot_step(w, w_stride, x, x_stride, column, whole, partial);
  }
  if (column < n) {
    const auto tail = [n](const auto* row, std::size_t c) {
      return c + lanes <= n ? load(row + c) : load_tail(row + c, c < n ? n - c : 0);
    };
    dot_step(w, w_stride, x, x_stride, column, tail, partial);
  }
#pragma GCC unroll 4
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
    for (int t = 0; t < Tokens; ++t) {
      sums[i][t] = sum(partial[i][t]);
    }
  }
}

// Four rows and two tokens: on 128-bit registers 16 partial sums, 4 of x and 1 of w of the 32
// that armv8 has; on 256-bit ones 8 + 2 + 1 of the 16 of AVX2.
constexpr int float_tile_rows = 4;
constexpr int float_tile_tokens = 2;

/// each(t, r, dot(w[r], x[t])) for rows [row_begin, row_end) and all tokens.
template <int Rows, int Tokens, typename W, typename Each>
[[gnu::always_inline]] inline void dots_of_tile(const W* w, std::size_t w_stride, std::size_t row,
                                                const float* x, std::size_t x_stride,
                                                std::size_t token, std::size_t n, Each each) {
  float sums[Rows][Tokens];
  dot_tile(w + row * w_stride, w_stride, x + token * x_stride, x_stride, n, sums);
  for (int i = 0; i < Rows; ++i) {
    for (int t = 0; t < Tokens; ++t) {
      each(token + static_cast<std::size_t>(t), row + static_cast<std::size_t>(i), sums[i][t]);
    }
  }
}

template <int Rows, typename W, typename Each>
[[gnu::always_inline]] inline void dots_of_rows(const W* w, std::size_t w_stride, std::size_t row,
                                                const float* x, std::size_t x_stride,
                                                std::size_t tokens, std::size_t n, Each each) {
  std::size_t t = 0;
  for (; t + float_tile_tokens <= tokens; t += float_tile_tokens) {
    dots_of_tile<Rows, float_tile_tokens>(w, w_stride, row, x, x_stride, t, n, each);
  }
  for (; t < tokens; ++t) {
    dots_of_tile<Rows, 1>(w, w_stride, row, x, x_stride, t, n, each);
  }
}

template <typename W, typename Each>
inline void dots(const W* w, std::size_t w_stride, std::size_t row_begin, std::size_t row_end,
                 const float* x, std::size_t x_stride, std::size_t tokens, std::size_t n,
                 Each each) {
  std::size_t row = row_begin;
  for (; row + float_tile_rows <= row_end; row += float_tile_rows) {
    dots_of_rows<float_tile_rows>(w, w_stride, row, x, x_stride, tokens, n, each);
  }
  for (; row < row_end; ++row) {
    dots_of_rows<1>(w, w_stride, row, x, x_stride, tokens, n, each);
  }
}
