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

/// Some rows of a block, and some tokens.
struct Place {
  std::size_t row, rows;
  std::size_t token, tokens;
};

/// store(place, sums) gets sums [tokens][rows_per_block]. A block of weights is multiplied with all
/// tokens while it is in the cache.
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
      store(Place{row, rows, token, Tokens}, sums[0]);
    });
  }
}

void matmul_i8_sums(const WeightsI8& w, std::size_t row_begin, std::size_t row_end,
                    const ActivationsI8& x, std::int32_t* out, std::size_t out_stride) {
  matmul_blocks(w, row_begin, row_end, x, [=](const Place& place, const std::int32_t* sums) {
    std::int32_t* to = out + place.token * out_stride + place.row;
    for (std::size_t t = 0; t < place.tokens; ++t, to += out_stride) {
      for (std::size_t i = 0; i < place.rows; ++i) {
        to[i] = sums[t * layout.i8.rows_per_block + i];
      }
    }
  });
}

/// Puts the values of a whole block and some tokens where they belong. value(t, i) gives a register
/// of values of token t of them, from the i-th of the block on. Nothing is asked within: the
/// product of a few inputs takes hardly longer than this.
template <std::size_t BlockRows, bool Bias, bool Add, typename Value>
[[gnu::always_inline]] inline void put_block(const Output& output, const Place& place,
                                             Value value) {
  constexpr std::size_t parts = BlockRows / lanes;
  float* y = output.y + place.token * output.stride + place.row;
  const float* const bias = output.bias + (Bias ? place.row : 0);
  const std::size_t stride = output.stride, tokens = place.tokens;
#pragma GCC unroll 1
  for (std::size_t t = 0; t < tokens; ++t, y += stride) {
    // All are computed before the first is stored, which might be to what the others read.
    f32v values[parts];
#pragma GCC unroll 8
    for (std::size_t r = 0; r < parts; ++r) {
      values[r] = value(t, r * lanes);
      if constexpr (Bias) {
        values[r] += load(bias + r * lanes);
      }
      if constexpr (Add) {
        values[r] += load(y + r * lanes);
      }
    }
#pragma GCC unroll 8
    for (std::size_t r = 0; r < parts; ++r) {
      store(y + r * lanes, values[r]);
    }
  }
}

/// The same of a block of which some rows are missing, as a matrix's last may be, and of blocks
/// that fill no register. value(t, i) gives one number.
template <typename Value>
[[gnu::always_inline]] inline void put_part(const Output& output, const Place& place, Value value) {
  for (std::size_t t = 0; t < place.tokens; ++t) {
    float* const y = output.y + (place.token + t) * output.stride + place.row;
    for (std::size_t i = 0; i < place.rows; ++i) {
      float v = value(t, i);
      if (output.bias != nullptr) {
        v += output.bias[place.row + i];
      }
      y[i] = output.add ? v + y[i] : v;
    }
  }
}

/// Calls f.operator()<Bias, Add>() for what the output asks.
template <typename Function>
[[gnu::always_inline]] inline auto with_output(const Output& output, Function f) {
  if (output.bias == nullptr) {
    return output.add ? f.template operator()<false, true>()
                      : f.template operator()<false, false>();
  }
  return output.add ? f.template operator()<true, true>() : f.template operator()<true, false>();
}

// What turns sums or values of a block [tokens][rows_per_block] into results: functions of their
// own, so that there is one for all numbers of tokens.

[[gnu::noinline]] void finish_part_i8(const float* w_scale, const float* x_scale,
                                      const Place& place, const std::int32_t* sums,
                                      const Output& output) {
  put_part(output, place, [&](std::size_t t, std::size_t i) {
    const float scale = x_scale[place.token + t] * w_scale[place.row + i];
    return static_cast<float>(sums[t * layout.i8.rows_per_block + i]) * scale;
  });
}

template <bool Bias, bool Add>
[[gnu::noinline]] void finish_i8(const float* w_scale, const float* x_scale, const Place& place,
                                 const std::int32_t* sums, const Output& output) {
  constexpr std::size_t block_rows = layout.i8.rows_per_block;
  if constexpr (block_rows % lanes == 0) {
    if (place.rows == block_rows) {
      w_scale += place.row;
      x_scale += place.token;
      return put_block<block_rows, Bias, Add>(output, place, [=](std::size_t t, std::size_t i) {
        i32v ints;
        __builtin_memcpy(&ints, sums + t * block_rows + i, sizeof ints);
        return __builtin_convertvector(ints, f32v) * (x_scale[t] * load(w_scale + i));
      });
    }
  }
  finish_part_i8(w_scale, x_scale, place, sums, output);
}

void matmul_i8(const WeightsI8& w, std::size_t row_begin, std::size_t row_end,
               const ActivationsI8& x, const Output& output) {
  const auto finish =
      with_output(output, []<bool Bias, bool Add>() { return finish_i8<Bias, Add>; });
  matmul_blocks(w, row_begin, row_end, x, [&](const Place& place, const std::int32_t* sums) {
    finish(w.scale, x.scale, place, sums, output);
  });
}
