// KernelSet::matmul_i4: the loops around a path's micro-kernel
//
//   block_values_i4<Tokens>(block, groups, x, group_sum, values)
//
// which fills values [Tokens][rows_per_block] with s of one block of packed weights and one group
// of Tokens tokens [groups of 32 x 32 / x group][Tokens][x group], group_sum [groups][Tokens].

template <int Tokens>
using BlockValues = float[Tokens][layout.i4.rows_per_block];

void matmul_i4(const WeightsI4& w, std::size_t row_begin, std::size_t row_end,
               const ActivationsI8& x, const Output& output) {
  constexpr std::size_t block_rows = layout.i4.rows_per_block;
  check_range(w, block_rows, row_begin, row_end, x);
  const std::size_t groups = (w.inputs + group_inputs - 1) / group_inputs;
  const std::size_t row_bytes = groups * LayoutI4::bytes_per_group;
  with_output(output, [&]<bool Bias, bool Add>() {
    for (std::size_t row = row_begin; row < row_end; row += block_rows) {
      const std::size_t rows = row_end - row < block_rows ? row_end - row : block_rows;
      for_each_token_group(x.tokens, [&]<int Tokens>(std::size_t token) {
        alignas(64) BlockValues<Tokens> values;
        block_values_i4<Tokens>(w.data + row * row_bytes, groups, x.data + token * x.inputs,
                                x.group_sum + token * (x.inputs / group_inputs), values);
        for (std::size_t t = 0; t < Tokens; ++t) {
          const float x_scale = x.scale[token + t];
          put<block_rows, Bias, Add>(output, token + t, row, rows, [&](std::size_t i) {
            return x_scale * load_of_block<f32v, block_rows>(values[t] + i);
          });
        }
      });
    }
  });
}
