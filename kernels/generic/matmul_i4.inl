// KernelSet::matmul_i4: the loops around a path's micro-kernel
//
//   block_values_i4<Tokens>(block, groups, x, group_sum, values)
//
// which fills values [Tokens][rows_per_block] with s of one block of packed weights and one group
// of Tokens tokens [groups of 32 x 32 / x group][Tokens][x group], group_sum [groups][Tokens].

template <int Tokens>
using BlockValues = float[Tokens][layout.i4.rows_per_block];

template <typename Up>
[[gnu::noinline]] void finish_part_i4(const float* x_scale, const Place& place, const float* s,
                                      const Up& up, const Output& output) {
  put_part(
      output, place,
      [&](std::size_t t, std::size_t i) {
        return x_scale[place.token + t] * s[t * layout.i4.rows_per_block + i];
      },
      up);
}

template <bool Bias, bool Add, typename Up>
[[gnu::noinline]] void finish_i4(const float* x_scale, const Place& place, const float* s,
                                 const Up& up, const Output& output) {
  constexpr std::size_t block_rows = layout.i4.rows_per_block;
  if constexpr (block_rows % lanes == 0) {
    if (place.rows == block_rows) {
      x_scale += place.token;
      return put_block<block_rows, Bias, Add>(
          output, place,
          [=](std::size_t t, std::size_t i) { return x_scale[t] * load(s + t * block_rows + i); },
          up);
    }
  }
  finish_part_i4(x_scale, place, s, up, output);
}

void matmul_i4(const WeightsI4& w, std::size_t row_begin, std::size_t row_end,
               const ActivationsI8& x, const Output& output) {
  constexpr std::size_t block_rows = layout.i4.rows_per_block;
  check_range(w, block_rows, row_begin, row_end, x);
  const std::size_t groups = (w.inputs + group_inputs - 1) / group_inputs;
  const std::size_t row_bytes = groups * LayoutI4::bytes_per_group;
  static_assert(block_rows == layout.i8.rows_per_block, "B z is added block by block");
  const auto finish =
      with_output(output, []<bool Bias, bool Add>() { return finish_i4<Bias, Add, NoLowRank>; });
  const auto finish_up =
      with_output(output, []<bool Bias, bool Add>() { return finish_i4<Bias, Add, UpSums>; });
  expect_up(output, row_begin, row_end, x.tokens);
  for (std::size_t row = row_begin; row < row_end; row += block_rows) {
    const std::size_t rows = row_end - row < block_rows ? row_end - row : block_rows;
    for_each_token_group(x.tokens, [&]<int Tokens>(std::size_t token) {
      alignas(64) BlockValues<Tokens> values;
      block_values_i4<Tokens>(w.data + row * row_bytes, groups, x.data + token * x.inputs,
                              x.group_sum + token * (x.inputs / group_inputs), values);
      const Place place{row, rows, token, Tokens};
      if (output.low_rank == nullptr) {
        finish(x.scale, place, values[0], NoLowRank{}, output);
      } else {
        with_up<Tokens>(output, place, [&](const UpSums& up) {
          finish_up(x.scale, place, values[0], up, output);
        });
      }
    });
  }
}
