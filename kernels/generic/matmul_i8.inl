// KernelSet::matmul_i8 and matmul_i8_sums: the loops around a path's micro-kernel
//
//   block_sums<Tokens>(block, inputs, x, sums)
//
// which fills sums [Tokens][rows_per_block] from one block of packed weights
// [inputs / group][rows_per_block][group] and one group of Tokens tokens
// [inputs / x group][Tokens][x group], `inputs` being the weights' padded inputs. It multiplies the
// bytes as they are stored; the flip of their top bit is taken back here.

template <int Tokens>
using BlockSums = std::int32_t[Tokens][layout.i8.rows_per_block];

/// Calls f.operator()<Width>() with Width = width, of 1..Most.
template <int Most, typename Function>
[[gnu::always_inline]] inline void with_width(std::size_t width, Function f) {
  if constexpr (Most == 1) {
    f.template operator()<1>();
  } else {
    if (width == Most) {
      f.template operator()<Most>();
    } else {
      with_width<Most - 1>(width, f);
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
      with_width<static_cast<int>(most) - 1>(
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
      alignas(64) BlockSums<Tokens> sums;
      block_sums<Tokens>(w.data + row * inputs, inputs, x.data + token * x.inputs, sums);
      for (std::size_t t = 0; t < Tokens; ++t) {
        if constexpr (layout.i8.flip != 0) {
          // The sums may have wrapped; the difference is right all the same.
          const auto correction = 128u * static_cast<std::uint32_t>(x.sum[token + t]);
          for (std::size_t i = 0; i < block_rows; ++i) {
            sums[t][i] =
                static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[t][i]) - correction);
          }
        }
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
/// of values from the i-th of them on; it may be asked beyond the end of the rows, within a block.
template <typename Value>
[[gnu::always_inline]] inline void put(const Output& output, std::size_t t, std::size_t row,
                                       std::size_t rows, Value value) {
  float* const y = output.y + t * output.stride + row;
  const auto finished = [&](f32v v, std::size_t i, auto read) {
    if (output.bias != nullptr) {
      v += read(output.bias + row + i);
    }
    return output.add ? read(y + i) + v : v;
  };
  std::size_t i = 0;
  for (; i + lanes <= rows; i += lanes) {
    store(y + i, finished(value(i), i, [](const float* p) { return load(p); }));
  }
  if (i < rows) {
    const std::size_t count = rows - i;
    store_tail(y + i, finished(value(i), i, [=](const float* p) { return load_tail(p, count); }),
               count);
  }
}

/// A register of numbers of any type from `values` on, of which `rows` are left.
[[gnu::always_inline]] inline f32v to_float(const std::int32_t* values, std::size_t rows) {
  i32v ints = {};
  __builtin_memcpy(&ints, values, sizeof(std::int32_t) * (rows < lanes ? rows : lanes));
  return __builtin_convertvector(ints, f32v);
}

void matmul_i8(const WeightsI8& w, std::size_t row_begin, std::size_t row_end,
               const ActivationsI8& x, const Output& output) {
  matmul_blocks(w, row_begin, row_end, x,
                [&](std::size_t t, std::size_t row, const std::int32_t* sums, std::size_t rows) {
                  const float x_scale = x.scale[t];
                  put(output, t, row, rows, [&](std::size_t i) {
                    const f32v scale = rows - i < lanes ? load_tail(w.scale + row + i, rows - i)
                                                        : load(w.scale + row + i);
                    return to_float(sums + i, rows - i) * (x_scale * scale);
                  });
                });
}
