// KernelSet::matmul_i8, matmul_i8_sums and down_i8: the loops around a path's micro-kernel
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

// What is multiplied block by block: the layout, and the path's micro-kernel for it.

struct WholeBlocks {
  static constexpr LayoutI8 layout_i8 = layout.i8;

  template <int Tokens, typename... Arguments>
  [[gnu::always_inline]] static void sums(Arguments&&... arguments) {
    block_sums<Tokens>(static_cast<Arguments&&>(arguments)...);
  }
};

struct DownBlocks {
  static constexpr LayoutI8 layout_i8 = layout.down;

  template <int Tokens, typename... Arguments>
  [[gnu::always_inline]] static void sums(Arguments&&... arguments) {
    if constexpr (layout.down.id == layout.i8.id) {
      block_sums<Tokens>(static_cast<Arguments&&>(arguments)...);
    } else {
      down_sums<Tokens>(static_cast<Arguments&&>(arguments)...);
    }
  }
};

/// Sums of Blocks' rows for each of some tokens.
template <typename Blocks, int Tokens>
using Sums = std::int32_t[Tokens][Blocks::layout_i8.rows_per_block];

template <typename Blocks>
constexpr std::size_t padded_inputs(std::size_t inputs) {
  constexpr std::size_t multiple = Blocks::layout_i8.input_multiple;
  return (inputs + multiple - 1) / multiple * multiple;
}

/// The sums of the block that begins at `row`, and of the tokens from `token` on. `inputs` are the
/// padded ones of the weights.
template <typename Blocks, int Tokens>
[[gnu::always_inline]] inline void sums_of(const std::int8_t* w, std::size_t inputs,
                                           std::size_t row, const ActivationsI8& x,
                                           std::size_t token, Sums<Blocks, Tokens>& sums) {
  const std::int8_t* const block = w + row * inputs;
  const std::int8_t* const xs = x.data + token * x.inputs;
  if constexpr (Blocks::layout_i8.flip != 0) {
    Blocks::template sums<Tokens>(block, inputs, xs, x.sum + token, sums);
  } else {
    Blocks::template sums<Tokens>(block, inputs, xs, sums);
  }
}

/// store.operator()<Tokens>(place, sums) gets sums [Tokens][rows_per_block]. A block of weights is
/// multiplied with all tokens while it is in the cache.
template <typename Blocks, typename Store>
[[gnu::always_inline]] inline void matmul_blocks(const WeightsI8& w, std::size_t row_begin,
                                                 std::size_t row_end, const ActivationsI8& x,
                                                 Store store) {
  constexpr std::size_t block_rows = Blocks::layout_i8.rows_per_block;
  const std::size_t inputs = padded_inputs<Blocks>(w.inputs);
  check_range(w, block_rows, row_begin, row_end, x);
  assert(w.inputs <= max_inputs_i8);
  for (std::size_t row = row_begin; row < row_end; row += block_rows) {
    const std::size_t rows = row_end - row < block_rows ? row_end - row : block_rows;
    for_each_token_group(x.tokens, [&]<int Tokens>(std::size_t token) {
      alignas(64) Sums<Blocks, Tokens> sums;
      sums_of<Blocks, Tokens>(w.data, inputs, row, x, token, sums);
      store.template operator()<Tokens>(Place{row, rows, token, Tokens}, sums[0]);
    });
  }
}

void matmul_i8_sums(const WeightsI8& w, std::size_t row_begin, std::size_t row_end,
                    const ActivationsI8& x, std::int32_t* out, std::size_t out_stride) {
  matmul_blocks<WholeBlocks>(w, row_begin, row_end, x,
                             [=]<int>(const Place& place, const std::int32_t* sums) {
                               std::int32_t* to = out + place.token * out_stride + place.row;
                               for (std::size_t t = 0; t < place.tokens; ++t, to += out_stride) {
                                 for (std::size_t i = 0; i < place.rows; ++i) {
                                   to[i] = sums[t * layout.i8.rows_per_block + i];
                                 }
                               }
                             });
}

[[gnu::always_inline]] inline float load_one(const float* x) {
  return *x;
}
[[gnu::always_inline]] inline float load_one(const std::uint16_t* x) {
  return load_tail(x, 1)[0];
}

/// Integer sums [Tokens][rows_per_block] of a place, with the scales that make values of them;
/// those of rows in f32 or f16.
template <std::size_t BlockRows, typename Scale = float>
struct ScaledSums {
  const std::int32_t* sums;
  const Scale* w_scale;  ///< of the place's rows
  const float* x_scale;  ///< of its tokens

  ScaledSums(const std::int32_t* its_sums, const Scale* w, const float* x, const Place& place)
      : sums(its_sums), w_scale(w + place.row), x_scale(x + place.token) {}

  float one(std::size_t t, std::size_t i) const {
    return static_cast<float>(sums[t * BlockRows + i]) * (x_scale[t] * load_one(w_scale + i));
  }
  [[gnu::always_inline]] f32v several(std::size_t t, std::size_t i) const {
    i32v ints;
    __builtin_memcpy(&ints, sums + t * BlockRows + i, sizeof ints);
    return __builtin_convertvector(ints, f32v) * (x_scale[t] * load(w_scale + i));
  }
};

/// What nothing adds.
struct NoLowRank {};

/// Puts the values of a whole block and some tokens where they belong. value(t, i) gives a register
/// of values of token t of them, from the i-th of the block on; up is B z of them, or NoLowRank.
/// Nothing is asked within: the product of a few inputs takes hardly longer than this.
template <std::size_t BlockRows, bool Bias, bool Add, typename Value, typename Up>
[[gnu::always_inline]] inline void put_block(const Output& output, const Place& place, Value value,
                                             const Up& up) {
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
      if constexpr (!__is_same(Up, NoLowRank)) {
        values[r] += up.several(t, r * lanes);
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
template <typename Value, typename Up>
[[gnu::always_inline]] inline void put_part(const Output& output, const Place& place, Value value,
                                            const Up& up) {
  for (std::size_t t = 0; t < place.tokens; ++t) {
    float* const y = output.y + (place.token + t) * output.stride + place.row;
    for (std::size_t i = 0; i < place.rows; ++i) {
      float v = value(t, i);
      if (output.bias != nullptr) {
        v += output.bias[place.row + i];
      }
      if (output.add) {
        v += y[i];
      }
      if constexpr (!__is_same(Up, NoLowRank)) {
        v += up.one(t, i);
      }
      y[i] = v;
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

template <std::size_t BlockRows, typename Up>
[[gnu::noinline]] void finish_part_i8(const ScaledSums<BlockRows>& product, const Up& up,
                                      const Place& place, const Output& output) {
  put_part(
      output, place, [&](std::size_t t, std::size_t i) { return product.one(t, i); }, up);
}

template <std::size_t BlockRows, bool Bias, bool Add, typename Up>
[[gnu::noinline]] void finish_i8(const ScaledSums<BlockRows>& product, const Up& up,
                                 const Place& place, const Output& output) {
  if constexpr (BlockRows % lanes == 0) {
    if (place.rows == BlockRows) {
      const ScaledSums<BlockRows> its = product;
      return put_block<BlockRows, Bias, Add>(
          output, place, [=](std::size_t t, std::size_t i) { return its.several(t, i); }, up);
    }
  }
  finish_part_i8(product, up, place, output);
}

/// B z.
using UpSums = ScaledSums<layout.i8.rows_per_block, std::uint16_t>;

/// Asks for the lines of `size` bytes.
[[gnu::always_inline]] inline void prefetch(const void* bytes, std::size_t size) {
  for (std::size_t at = 0; at < size; at += 64) {
    __builtin_prefetch(static_cast<const char*>(bytes) + at);
  }
}

/// Asks for the factors of some rows, of which each block of a product reads a few lines. Between
/// two blocks of weights, each of them would be waited for; so all come first, as one stream. With
/// more tokens than a group there is time enough.
inline void expect_up(const Output& output, std::size_t row_begin, std::size_t row_end,
                      std::size_t tokens) {
  if (output.low_rank == nullptr || tokens > layout.x.tokens_per_group) {
    return;
  }
  const FactorsB& b = output.low_rank->b;
  const std::size_t rows = row_end - row_begin;
  const std::size_t inputs = padded_inputs<WholeBlocks>(b.ranks);
  prefetch(b.scale + row_begin, rows * sizeof(std::uint16_t));
  prefetch(b.data + row_begin * inputs, rows * inputs);
}

/// Into the second cache: a whole product lies between this and the use.
[[gnu::always_inline]] inline void ask_for(const Ahead& ahead, std::size_t row) {
  const std::uint8_t* const bytes =
      ahead.data + row / layout.i8.rows_per_block * ahead.bytes_per_block;
  for (std::size_t at = 0; at < ahead.bytes_per_block; at += 64) {
    __builtin_prefetch(bytes + at, 0, 2);
  }
}

/// finish(up) with what the output's low-rank factors add to a place.
template <int Tokens, typename Finish>
[[gnu::always_inline]] inline void with_up(const Output& output, const Place& place,
                                           Finish finish) {
  const auto& [b, z, ahead] = *output.low_rank;
  ask_for(ahead, place.row);
  alignas(64) Sums<WholeBlocks, Tokens> sums;
  sums_of<WholeBlocks, Tokens>(b.data, padded_inputs<WholeBlocks>(b.ranks), place.row, z,
                               place.token, sums);
  finish(UpSums(sums[0], b.scale, z.scale, place));
}

void matmul_i8(const WeightsI8& w, std::size_t row_begin, std::size_t row_end,
               const ActivationsI8& x, const Output& output) {
  constexpr std::size_t block_rows = layout.i8.rows_per_block;
  const auto finish = with_output(
      output, []<bool Bias, bool Add>() { return finish_i8<block_rows, Bias, Add, NoLowRank>; });
  const auto finish_up = with_output(
      output, []<bool Bias, bool Add>() { return finish_i8<block_rows, Bias, Add, UpSums>; });
  expect_up(output, row_begin, row_end, x.tokens);
  matmul_blocks<WholeBlocks>(
      w, row_begin, row_end, x, [&]<int Tokens>(const Place& place, const std::int32_t* sums) {
        const ScaledSums<block_rows> product(sums, w.scale, x.scale, place);
        if (output.low_rank == nullptr) {
          finish(product, NoLowRank{}, place, output);
        } else {
          with_up<Tokens>(output, place,
                          [&](const UpSums& up) { finish_up(product, up, place, output); });
        }
      });
}

void down_i8(const WeightsI8& a, std::size_t row_begin, std::size_t row_end, const ActivationsI8& x,
             const Output& z) {
  constexpr std::size_t block_rows = layout.down.rows_per_block;
  assert(z.bias == nullptr && !z.add && z.low_rank == nullptr);
  matmul_blocks<DownBlocks>(a, row_begin, row_end, x,
                            [&]<int>(const Place& place, const std::int32_t* sums) {
                              const ScaledSums<block_rows> product(sums, a.scale, x.scale, place);
                              finish_i8<block_rows, false, false>(product, NoLowRank{}, place, z);
                            });
}
