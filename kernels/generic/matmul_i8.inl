// KernelSet::matmul_i8 and matmul_i8_sums: the loops around a path's micro-kernel
//
//   block_sums<Tokens>(block, inputs, x, sums)
//
// which fills sums [Tokens][rows_per_block] from one block of packed weights
// [inputs / group][rows_per_block][group] and one group of Tokens tokens
// [inputs / x group][Tokens][x group], `inputs` being the weights' padded inputs. Where the layout
// flips the top bit of weights, it is called as
//
//   block_sums<Tokens>(block, inputs, x, x_sum, sums)
//
// with x_sum [Tokens], since sums of w + 128 are too large by 128 * x_sum. They may wrap; the
// difference is right all the same.

template <int Tokens>
using BlockSums = std::int32_t[Tokens][layout.i8.rows_per_block];

/// Calls f.operator()<Width>() with Width = width, of Least..Most. One token comes most often.
template <int Least, int Most, typename Function>
[[gnu::always_inline]] inline void with_width(std::size_t width, Function f) {
  if constexpr (Least == Most) {
    f.template operator()<Most>();
  } else {
    if (width == Least) {
      f.template operator()<Least>();
    } else {
      with_width<Least + 1, Most>(width, f);
    }
  }
}

/// Calls f.operator()<Width>(first token) for each group of tokens.
template <typename Function>
[[gnu::always_inline]] inline void for_each_token_group(std::size_t tokens, Function f) {
  constexpr std::size_t most = layout.x.tokens_per_group;
  std::size_t token = 0;
  for (; token + most <= tokens; token += most) {
    f.template operator()<static_cast<int>(most)>(token);
  }
  if constexpr (most > 1) {
    if (token < tokens) {
      with_width<1, static_cast<int>(most) - 1>(
          tokens - token, [&]<int Width>() { f.template operator()<Width>(token); });
    }
  }
}

template <typename Weights>
inline void check_range([[maybe_unused]] const Weights& w,
                        [[maybe_unused]] std::size_t rows_per_block,
                        [[maybe_unused]] std::size_t row_begin,
                        [[maybe_unused]] std::size_t row_end,
                        [[maybe_unused]] const ActivationsI8& x) {
  assert(w.inputs <= x.inputs && x.inputs % group_inputs == 0);
  assert(row_begin % rows_per_block == 0 && row_end <= w.rows);
  assert(row_end % rows_per_block == 0 || row_end == w.rows);
}

/// store(t, row, sums, rows) gets `rows` sums of token t from row `row` on. A block of weights is
/// multiplied with all tokens while it is in the cache.
template <typename Store>
[[gnu::always_inline]] inline void matmul_blocks(const WeightsI8& w, std::size_t row_begin,
                                                 std::size_t row_end, const ActivationsI8& x,
                                                 Store store) {
  constexpr std::size_t block_rows = layout.i8.rows_per_block;
  constexpr std::size_t multiple = layout.i8.input_multiple;
  const std::size_t inputs = (w.inputs + multiple - 1) / multiple * multiple;
  check_range(w, block_rows, row_begin, row_end, x);
  assert(w.inputs <= max_inputs_i8);
  for (std::size_t row = row_begin; row < row_end; row += block_rows) {
    const std::size_t rows = row_end - row < block_rows ? row_end - row : block_rows;
    for_each_token_group(x.tokens, [&]<int Tokens>(std::size_t token) {
      const std::int8_t* const block = w.data + row * inputs;
      const std::int8_t* const xs = x.data + token * x.inputs;
      alignas(64) BlockSums<Tokens> sums;
      if constexpr (layout.i8.flip != 0) {
        block_sums<Tokens>(block, inputs, xs, x.sum + token, sums);
      } else {
        block_sums<Tokens>(block, inputs, xs, sums);
      }
      for (std::size_t t = 0; t < Tokens; ++t) {
        store(token + t, row, sums[t], rows);
      }
    });
  }
}

void matmul_i8_sums(const WeightsI8& w, std::size_t row_begin, std::size_t row_end,
                    const ActivationsI8& x, std::int32_t* out, std::size_t out_stride) {
  matmul_blocks(w, row_begin, row_end, x,
                [=](std::size_t t, std::size_t row, const std::int32_t* sums, std::size_t rows) {
                  for (std::size_t i = 0; i < rows; ++i) {
                    out[t * out_stride + row + i] = sums[i];
                  }
                });
}

/// Puts `rows` values of token t, from row `row` on, where they belong. value(i) gives a register
/// of values from the i-th of the block on. Nothing is asked within a whole block: the product of
/// a few inputs takes hardly longer than this.
template <std::size_t BlockRows, bool Bias, bool Add, typename Value>
[[gnu::always_inline]] inline void put(const Output& output, std::size_t t, std::size_t row,
                                       std::size_t rows, Value value) {
  float* const y = output.y + t * output.stride + row;
  const auto finished = [&](std::size_t i, auto read) {
    f32v v = value(i);
    if constexpr (Bias) {
      v += read(output.bias + row + i);
    }
    if constexpr (Add) {
      v += read(y + i);
    }
    return v;
  };
  const auto whole = [](const float* p) { return load(p); };
  std::size_t i = 0;
  if (rows == BlockRows) {
#pragma GCC unroll 8
    for (; i + lanes <= BlockRows; i += lanes) {
      store(y + i, finished(i, whole));
    }
  }
  for (; i + lanes <= rows; i += lanes) {
    store(y + i, finished(i, whole));
  }
  if (i < rows) {
    const std::size_t count = rows - i;
    store_tail(y + i, finished(i, [=](const float* p) { return load_tail(p, count); }), count);
  }
}

/// Calls f.operator()<Bias, Add>() for what the output asks.
template <typename Function>
[[gnu::always_inline]] inline void with_output(const Output& output, Function f) {
  if (output.bias == nullptr) {
    output.add ? f.template operator()<false, true>() : f.template operator()<false, false>();
  } else {
    output.add ? f.template operator()<true, true>() : f.template operator()<true, false>();
  }
}

/// A register from `values` on, which are numbers of a block: fewer than a register in `scalar`.
template <typename Register, std::size_t BlockRows, typename Number>
[[gnu::always_inline]] inline Register load_of_block(const Number* values) {
  Register result = {};
  __builtin_memcpy(&result, values,
                   BlockRows % lanes == 0 ? sizeof result : BlockRows * sizeof(Number));
  return result;
}

void matmul_i8(const WeightsI8& w, std::size_t row_begin, std::size_t row_end,
               const ActivationsI8& x, const Output& output) {
  constexpr std::size_t block_rows = layout.i8.rows_per_block;
  static_assert(block_rows % lanes == 0 || block_rows < lanes);
  with_output(output, [&]<bool Bias, bool Add>() {
    matmul_blocks(w, row_begin, row_end, x,
                  [&](std::size_t t, std::size_t row, const std::int32_t* sums, std::size_t rows) {
                    const float x_scale = x.scale[t];
                    put<block_rows, Bias, Add>(output, t, row, rows, [&](std::size_t i) {
                      const auto scale = load_of_block<f32v, block_rows>(w.scale + row + i);
                      const auto ints = load_of_block<i32v, block_rows>(sums + i);
                      return __builtin_convertvector(ints, f32v) * (x_scale * scale);
                    });
                  });
  });
}
