// The micro-kernel of int4 products without a thought of speed: the truth. See matmul_i4.inl.

template <int Tokens>
inline void block_values_i4(const std::uint8_t* block, std::size_t groups, const std::int8_t* x,
                            const std::int32_t* /*group_sum*/,
                            float (&values)[Tokens][layout.i4.rows_per_block]) {
  constexpr std::size_t rows = layout.i4.rows_per_block;
  constexpr std::size_t w_group = layout.i4.inputs_per_group, x_group = layout.x.inputs_per_group;
  for (std::size_t t = 0; t < Tokens; ++t) {
    for (std::size_t r = 0; r < rows; ++r) {
      const std::uint8_t* group = block;
      float s = 0;
      for (std::size_t g = 0; g < groups; ++g, group += rows * LayoutI4::bytes_per_group) {
        std::int32_t sum = 0;
        for (std::size_t c = 0; c < group_inputs; ++c) {
          const std::size_t column = c % (group_inputs / 2);
          const int byte = group[(column / w_group * rows + r) * w_group + column % w_group];
          const int q = (c < group_inputs / 2 ? byte & 15 : byte >> 4) - 8;
          const std::size_t input = g * group_inputs + c;
          sum += q * x[(input / x_group * Tokens + t) * x_group + input % x_group];
        }
        std::uint16_t half[lanes] = {};
        __builtin_memcpy(half, group + rows * (group_inputs / 2) + r * 2, 2);
        s = __builtin_fmaf(static_cast<float>(sum), load(half)[0], s);
      }
      values[t][r] = s;
    }
  }
}
