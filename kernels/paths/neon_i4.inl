// int4 without dot products: a group's 32 inputs of a row are 16 bytes, 16 inputs in their low and
// 16 in their high halves. Values are q + 8, at most 15: sixteen products with x fit into int16
// (16 * 15 * 127 = 30480), so a whole group is summed in one register of 8, halved twice, before it
// widens. 8 times the group's sum of x is taken off then.

/// Values [Tokens][8] of 4 rows of a block, from row `first` on.
template <int Tokens>
[[gnu::noinline]] void multiply_i4(const std::uint8_t* block, int first, std::size_t groups,
                                   const std::int8_t* x, const std::int32_t* group_sum,
                                   float* values) {
  float32x4_t total[Tokens] = {};
  const std::uint8_t* w = block + 16 * first;
  const std::uint8_t* scales = block + 128 + 2 * first;
  for (std::size_t g = 0; g < groups; ++g) {
    int8x16_t low[4], high[4];
    unrolled<4>([&]<int R>() {
      const uint8x16_t bytes = vld1q_u8(w + 16 * R);
      low[R] = vreinterpretq_s8_u8(vandq_u8(bytes, vdupq_n_u8(15)));
      high[R] = vreinterpretq_s8_u8(vshrq_n_u8(bytes, 4));
    });
    const f32v scale = load(reinterpret_cast<const std::uint16_t*>(scales));
    unrolled<Tokens>([&]<int T>() {
      const int8x16_t x_low = vld1q_s8(x + 16 * T), x_high = vld1q_s8(x + 16 * (Tokens + T));
      int16x8_t sum[4];
      unrolled<4>([&]<int R>() { sum[R] = vmull_s8(vget_low_s8(low[R]), vget_low_s8(x_low)); });
      unrolled<4>([&]<int R>() { sum[R] = vmlal_high_s8(sum[R], low[R], x_low); });
      unrolled<4>(
          [&]<int R>() { sum[R] = vmlal_s8(sum[R], vget_low_s8(high[R]), vget_low_s8(x_high)); });
      unrolled<4>([&]<int R>() { sum[R] = vmlal_high_s8(sum[R], high[R], x_high); });
      const int16x8_t rows = vpaddq_s16(vpaddq_s16(sum[0], sum[1]), vpaddq_s16(sum[2], sum[3]));
      const int32x4_t sums = vsubq_s32(vpaddlq_s16(rows), vdupq_n_s32(8 * group_sum[T]));
      total[T] = vfmaq_f32(total[T], vcvtq_f32_s32(sums), scale);
    });
    w += 8 * LayoutI4::bytes_per_group;
    scales += 8 * LayoutI4::bytes_per_group;
    x += 32 * Tokens;
    group_sum += Tokens;
  }
  unrolled<Tokens>([&]<int T>() { vst1q_f32(values + 8 * T, total[T]); });
}

template <int Tokens>
void block_values_i4(const std::uint8_t* block, std::size_t groups, const std::int8_t* x,
                     const std::int32_t* group_sum, float (&values)[Tokens][8]) {
  multiply_i4<Tokens>(block, 0, groups, x, group_sum, values[0]);
  multiply_i4<Tokens>(block, 4, groups, x, group_sum, values[0] + 4);
}
