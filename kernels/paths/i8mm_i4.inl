// int4 by SMMLA: 16 bytes of a group hold 2 rows x 8 inputs in their low and 8 more in their high
// halves. Values are q + 8; the sums begin at -8 times the group's sum of x instead.

/// The 16-byte pieces of a group, unpacked: pieces 0 and 1 of 8 inputs from the low halves, 2 and 3
/// from the high ones.
struct Unpacked {
  int8x16_t piece[4];
  [[gnu::always_inline]] Unpacked(uint8x16_t first, uint8x16_t second) {
    piece[0] = vreinterpretq_s8_u8(vandq_u8(first, vdupq_n_u8(15)));
    piece[1] = vreinterpretq_s8_u8(vandq_u8(second, vdupq_n_u8(15)));
    piece[2] = vreinterpretq_s8_u8(vshrq_n_u8(first, 4));
    piece[3] = vreinterpretq_s8_u8(vshrq_n_u8(second, 4));
  }
};

/// -8 times the sums of x of two tokens, each twice.
template <int Tokens>
[[gnu::always_inline]] inline int32x4_t begin_of_pair(const std::int32_t* group_sum, int pair) {
  if (Tokens % 4 == 0) {
    const int32x4_t four = vnegq_s32(vshlq_n_s32(vld1q_s32(group_sum + pair / 2 * 4), 3));
    return pair % 2 == 0 ? vzip1q_s32(four, four) : vzip2q_s32(four, four);
  }
  const std::int32_t first = -8 * group_sum[2 * pair];
  const std::int32_t second = 2 * pair + 1 < Tokens ? -8 * group_sum[2 * pair + 1] : first;
  return vcombine_s32(vdup_n_s32(first), vdup_n_s32(second));
}

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
      const int32x4_t begin = begin_of_pair<Tokens>(group_sum, P);
      unrolled<RowPairs>([&]<int R>() { sum[P][R] = begin; });
    });
    int8x16_t xs[4][token_pairs];
    unrolled<4>([&]<int G>() {
      unrolled<token_pairs>(
          [&]<int P>() { xs[G][P] = load_tokens<Tokens>(x + 8 * Tokens * G, P); });
    });
    uint8x16_t bytes[2][RowPairs];
    unrolled<2>([&]<int C>() {
      unrolled<RowPairs>([&]<int R>() { bytes[C][R] = vld1q_u8(w + 128 * C + 16 * R); });
    });
    unrolled<RowPairs>([&]<int R>() {
      const Unpacked ws(bytes[0][R], bytes[1][R]);
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
    const int64x2_t both[2] = {vreinterpretq_s64_s8(vld1q_s8(x)),
                               vreinterpretq_s64_s8(vld1q_s8(x + 16))};
    unrolled<4>(
        [&]<int G>() { xs[G] = vreinterpretq_s8_s64(vdupq_laneq_s64(both[G / 2], G % 2)); });
    const int32x4_t begin = vdupq_n_s32(-8 * group_sum[g]);
    unrolled<4>([&]<int Q>() {
      int32x4_t sum[2] = {};
      const std::uint8_t* const w = block + 32 * Q;
      const uint8x16_t bytes[4] = {vld1q_u8(w), vld1q_u8(w + 16), vld1q_u8(w + 128),
                                   vld1q_u8(w + 144)};
      unrolled<2>([&]<int R>() {
        const Unpacked ws(bytes[R], bytes[R + 2]);
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
