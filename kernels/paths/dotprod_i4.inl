// int4 by SDOT: 16 bytes of a group hold 4 rows x 4 inputs in their low and 4 more in their high
// halves. Values are q + 8; the sums begin at -8 times the group's sum of x instead.

/// Sums of Quads x 4 rows of a block, from row 4 * quad on, and Tokens tokens, in registers: one of
/// integers for the group and one of floats for each 4 rows and token.
template <int Quads, int Tokens>
[[gnu::noinline]] void multiply_i4(const std::uint8_t* block, int quad, std::size_t groups,
                                   const std::int8_t* x, const std::int32_t* group_sum,
                                   float* values) {
  float32x4_t total[Tokens][Quads] = {};
  const std::uint8_t* w = block + 16 * quad;
  const std::uint8_t* scales = block + 256 + 8 * quad;
  for (std::size_t g = 0; g < groups; ++g) {
    int32x4_t sum[Tokens][Quads];
    unrolled<(Tokens + 3) / 4>([&]<int I>() {
      int32x4_t begin = {};
      if constexpr (Tokens % 4 == 0) {
        begin = vnegq_s32(vshlq_n_s32(vld1q_s32(group_sum + 4 * I), 3));
      } else {
        unrolled<(Tokens - 4 * I < 4 ? Tokens - 4 * I : 4)>(
            [&]<int T>() { begin[T] = -8 * group_sum[4 * I + T]; });
      }
      unrolled<(Tokens - 4 * I < 4 ? Tokens - 4 * I : 4)>([&]<int T>() {
        unrolled<Quads>([&]<int Q>() { sum[4 * I + T][Q] = vdupq_laneq_s32(begin, T); });
      });
    });
    // Columns 4 * C .. 4 * C + 3: groups C and C + 4 of x.
    unrolled<4>([&]<int C>() {
      uint8x16_t bytes[Quads];
      unrolled<Quads>([&]<int Q>() { bytes[Q] = vld1q_u8(w + 64 * C + 16 * Q); });
      int8x16_t low[Quads], high[Quads];
      unrolled<Quads>([&]<int Q>() {
        low[Q] = vreinterpretq_s8_u8(vandq_u8(bytes[Q], vdupq_n_u8(15)));
        high[Q] = vreinterpretq_s8_u8(vshrq_n_u8(bytes[Q], 4));
      });
      const auto add = [&]<int G>(const int8x16_t(&ws)[Quads]) __attribute__((always_inline)) {
        constexpr int first = G * Tokens / 4, last = (G * Tokens + Tokens - 1) / 4;
        int8x16_t xs[last - first + 1];
        unrolled<last - first + 1>([&]<int I>() { xs[I] = vld1q_s8(x + 16 * (first + I)); });
        unrolled<Tokens>([&]<int T>() {
          constexpr int at = G * Tokens + T;
          unrolled<Quads>([&]<int Q>() {
            sum[T][Q] = vdotq_laneq_s32(sum[T][Q], ws[Q], xs[at / 4 - first], at % 4);
            keep_in_register(sum[T][Q]);
          });
        });
      };
      add.template operator()<C>(low);
      add.template operator()<C + 4>(high);
    });
    unrolled<Quads>([&]<int Q>() {
      const f32v scale = load(reinterpret_cast<const std::uint16_t*>(scales + 8 * Q));
      unrolled<Tokens>(
          [&]<int T>() { total[T][Q] = vfmaq_f32(total[T][Q], vcvtq_f32_s32(sum[T][Q]), scale); });
    });
    w += 288;
    scales += 288;
    x += 32 * Tokens;
    group_sum += Tokens;
  }
  unrolled<Tokens>([&]<int T>() {
    unrolled<Quads>([&]<int Q>() { vst1q_f32(values + 16 * T + 4 * Q, total[T][Q]); });
  });
}

template <int Tokens>
void block_values_i4(const std::uint8_t* block, std::size_t groups, const std::int8_t* x,
                     const std::int32_t* group_sum, float (&values)[Tokens][16]) {
  constexpr int quads = Tokens <= 2 ? 4 : Tokens <= 4 ? 2 : 1;
  for (int quad = 0; quad < 4; quad += quads) {
    multiply_i4<quads, Tokens>(block, quad, groups, x, group_sum, values[0] + 4 * quad);
  }
}
