// KernelSet::matmul_i8 and matmul_i8_sums: the loops around a path's micro-kernel
//
//   block_sums<Tokens>(block, inputs, x, stride, sums)
//
// which fills sums [Tokens][layout.rows_per_block] from one block of packed weights
// [inputs / group][rows_per_block][group] and Tokens rows of x, `inputs` being padded.

template <int Tokens>
using BlockSums = std::int32_t[Tokens][layout.rows_per_block];

/// Tokens [token, x.tokens) of one block, as many at a time as the micro-kernel takes.
/// store(t, row, sums, rows) gets `rows` sums of token t from row `row` on.
template <int Tokens, typename Store>
[[gnu::always_inline]] inline void block_times_tokens(const std::int8_t* block, std::size_t inputs,
                                                      std::size_t row, std::size_t rows,
                                                      const ActivationsI8& x, std::size_t token,
                                                      Store store) {
  for (; token + Tokens <= x.tokens; token += Tokens) {
    alignas(16) BlockSums<Tokens> sums;
    block_sums<Tokens>(block, inputs, x.data + token * x.stride, x.stride, sums);
    for (std::size_t t = 0; t < Tokens; ++t) {
      store(token + t, row, sums[t], rows);
    }
  }
  if constexpr (Tokens > 1) {
    block_times_tokens<Tokens - 1>(block, inputs, row, rows, x, token, store);
  }
}

template <typename Store>
[[gnu::always_inline]] inline void matmul_blocks(const WeightsI8& w, std::size_t row_begin,
                                                 std::size_t row_end, const ActivationsI8& x,
                                                 Store store) {
  constexpr std::size_t block_rows = layout.rows_per_block;
  constexpr std::size_t multiple = layout.input_multiple;
  const std::size_t inputs = (w.inputs + multiple - 1) / multiple * multiple;
  assert(w.inputs <= max_inputs_i8 && x.stride >= inputs);
  assert(row_begin % block_rows == 0 && row_end <= w.rows);
  assert(row_end % block_rows == 0 || row_end == w.rows);
  for (std::size_t row = row_begin; row < row_end; row += block_rows) {
    const std::size_t rows = row_end - row < block_rows ? row_end - row : block_rows;
    block_times_tokens<tokens_per_tile>(w.data + row * inputs, inputs, row, rows, x, 0, store);
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

void matmul_i8(const WeightsI8& w, std::size_t row_begin, std::size_t row_end,
               const ActivationsI8& x, float* y, std::size_t y_stride) {
  matmul_blocks(
      w, row_begin, row_end, x,
      [=, &w, &x](std::size_t t, std::size_t row, const std::int32_t* sums, std::size_t rows) {
        const float x_scale = x.scale[t];
        for (std::size_t i = 0; i < rows; ++i) {
          y[t * y_stride + row + i] = static_cast<float>(sums[i]) * (x_scale * w.scale[row + i]);
        }
      });
}
