// int4 by SMMLA: 16 bytes of a group hold 2 rows x 8 inputs in their low and 8 more in their high
// halves. Values are q + 8; the sums begin at -8 times the group's sum of x instead.

/// The 16-byte pieces of a group, unpacked: pieces 0 and 1 of 8 inputs from the low halves, 2 and 3
/// from the high ones.
struct Unpacked {
  int8x16_t piece[4];
  [[gnu::always_inline]] explicit Unpacked(const std::uint8_t* w) {
    unrolled<2>([&]<int C>() {
      const uint8x16_t bytes = vld1q_u8(w + 128 * C);
      piece[C] = vreinterpretq_s8_u8(vandq_u8(bytes, vdupq_n_u8(15)));
      piece[C + 2] = vreinterpretq_s8_u8(vshrq_n_u8(bytes, 4));
    });
  }
};

constexpr std::size_t group_bytes_i4 = 16 * LayoutI4::bytes_per_group;

/// Values [Tokens][16] of RowPairs x 2 rows of a block, from row 2 * pair on.
template <int RowPairs, int Tokens>
[[gnu::noinline]] void multiply_i4(const std::uint8_t* block, int pair, std::size_t groups,
                                   const std::int8_t* x, const std::int32_t* group_sum,
                                   float* values) {
  constexpr int token_pairs = (Tokens + 1) / 2;
  float32x4_t total[token_pairs][RowPairs] = {};
  const std::uint8_t* w = block + 16 * pair;
  const std::uint8_t* scales = block + 256 + 4 * pair;
  for (std::size_t g = 0; g < groups; ++g) {
    int32x4_t sum[token_pairs][RowPairs];
    unrolled<token_pairs>([&]<int P>() {
      const std::int32_t first = -8 * group_sum[2 * P];
      const std::int32_t second = 2 * P + 1 < Tokens ? -8 * group_sum[2 * P + 1] : first;
      const int32x4_t begin = vcombine_s32(vdup_n_s32(first), vdup_n_s32(second));
      unrolled<RowPairs>([&]<int R>() { sum[P][R] = begin; });
    });
    int8x16_t xs[4][token_pairs];
    unrolled<4>([&]<int G>() {
      unrolled<token_pairs>(
          [&]<int P>() { xs[G][P] = load_tokens<Tokens>(x + 8 * Tokens * G, P); });
    });
    unrolled<RowPairs>([&]<int R>() {
      const Unpacked ws(w + 16 * R);
      unrolled<4>([&]<int G>() {
        unrolled<token_pairs>(
            [&]<int P>() { sum[P][R] = vmmlaq_s32(sum[P][R], xs[G][P], ws.piece[G]); });
      });
      const f32v scale = vcvt_f32_f16(vreinterpret_f16_u32(
          vld1_dup_u32(reinterpret_cast<const std::uint32_t*>(scales + 4 * R))));
      unrolled<token_pairs>(
          [&]<int P>() { total[P][R] = vfmaq_f32(total[P][R], vcvtq_f32_s32(sum[P][R]), scale); });
    });
    w += group_bytes_i4;
    scales += group_bytes_i4;
    x += 32 * Tokens;
    group_sum += Tokens;
  }
  unrolled<token_pairs>([&]<int P>() {
    unrolled<RowPairs / 2>([&]<int R>() {
      store_pairs<Tokens>(values + 4 * R, P, total[P][2 * R], total[P][2 * R + 1]);
    });
  });
}

/// One token: as in Tile<RowPairs, 1>, values [16] of a block.
[[gnu::noinline]] void multiply_i4_one(const std::uint8_t* block, std::size_t groups,
                                       const std::int8_t* x, const std::int32_t* group_sum,
                                       float* values) {
  float32x4_t total[4] = {};
  for (std::size_t g = 0; g < groups; ++g) {
    int8x16_t xs[4];
    unrolled<4>([&]<int G>() { xs[G] = load_tokens<1>(x + 8 * G, 0); });
    const int32x4_t begin = vdupq_n_s32(-8 * group_sum[g]);
    unrolled<4>([&]<int Q>() {
      int32x4_t sum[2] = {};
      unrolled<2>([&]<int R>() {
        const Unpacked ws(block + 32 * Q + 16 * R);
        unrolled<4>([&]<int G>() { sum[R] = vdotq_s32(sum[R], ws.piece[G], xs[G]); });
      });
      const int32x4_t rows = vaddq_s32(begin, vpaddq_s32(sum[0], sum[1]));
      const f32v scale = load(reinterpret_cast<const std::uint16_t*>(block + 256 + 8 * Q));
      total[Q] = vfmaq_f32(total[Q], vcvtq_f32_s32(rows), scale);
    });
    block += group_bytes_i4;
    x += 32;
  }
  unrolled<4>([&]<int Q>() { vst1q_f32(values + 4 * Q, total[Q]); });
}

template <int Tokens>
void block_values_i4(const std::uint8_t* block, std::size_t groups, const std::int8_t* x,
                     const std::int32_t* group_sum, float (&values)[Tokens][16]) {
  if constexpr (Tokens == 1) {
    multiply_i4_one(block, groups, x, group_sum, values[0]);
  } else {
    constexpr int pairs = Tokens <= 4 ? 4 : 2;
    for (int pair = 0; pair < 8; pair += pairs) {
      multiply_i4<pairs, Tokens>(block, pair, groups, x, group_sum, values[0] + 2 * pair);
    }
  }
}
