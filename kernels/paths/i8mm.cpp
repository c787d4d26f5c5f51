// The path for cores with SMMLA: Cortex-A510, A710, X2, Neoverse N2, V1 and all since.
#include <arm_neon.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/paths/paths.h"

#if !defined(__ARM_FEATURE_MATMUL_INT8) || !defined(__ARM_FEATURE_DOTPROD)
#error "compile this file with -march=armv8.2-a+dotprod+i8mm"
#endif

namespace crayon::kernels {
namespace {

#include "kernels/generic/vector.inl"

// A block is 16 rows; 8 inputs of each stand together, so that a register is 2 rows x 8 inputs:
//
//             inputs 0..7         8..15
//   rows 0 1    |   0: 16 B |   | 128: 16 B |
//   rows 2 3    |  16       |   | 144       |    offsets in bytes
//     ...
//   rows 14 15  | 112       |   | 240       |
//
// SMMLA multiplies it with 2 tokens x 8 inputs, which stand alike: 4 sums, 32 products. Of an odd
// number of tokens, the last stands for two.
constexpr LayoutI8 layout_i8 = {
    .id = 5, .rows_per_block = 16, .inputs_per_group = 8, .input_multiple = 8, .flip = 0};
constexpr Layout layout = {.i8 = layout_i8,
                           .i4 = {.id = 105, .rows_per_block = 16, .inputs_per_group = 8},
                           .x = {.tokens_per_group = 8, .inputs_per_group = 8},
                           .down = layout_i8};

#include "kernels/generic/arm.inl"
#include "kernels/generic/unrolled.inl"

/// Token pair `pair` of Tokens tokens at `x`, 8 inputs of each.
template <int Tokens>
[[gnu::always_inline]] inline int8x16_t load_tokens(const std::int8_t* x, int pair) {
  if (2 * pair + 1 < Tokens) {
    return vld1q_s8(x + 16 * pair);
  }
  std::int64_t last = 0;
  __builtin_memcpy(&last, x + 16 * pair, 8);
  return vreinterpretq_s8_s64(vdupq_n_s64(last));
}

/// Puts the sums of two pairs of rows into place: rows r .. r + 3 of one and of the next token.
/// T is int32x4_t or float32x4_t; a and b are [t0 r0, t0 r1, t1 r0, t1 r1] of their pairs.
template <int Tokens, typename T>
[[gnu::always_inline]] inline void store_pairs(auto* to, int pair, T a, T b) {
  const auto halves = [](T v) { return __builtin_bit_cast(int64x2_t, v); };
  const T first = __builtin_bit_cast(T, vzip1q_s64(halves(a), halves(b)));
  __builtin_memcpy(to + 32 * pair, &first, 16);
  if (2 * pair + 1 < Tokens) {
    const T second = __builtin_bit_cast(T, vzip2q_s64(halves(a), halves(b)));
    __builtin_memcpy(to + 32 * pair + 16, &second, 16);
  }
}

/// Sums of RowPairs x 2 rows and Tokens tokens.
template <int RowPairs, int Tokens>
struct Tile {
  static constexpr int token_pairs = (Tokens + 1) / 2;
  int32x4_t sum[token_pairs][RowPairs] = {};

  /// Adds the next 8 * Groups inputs. Each group's operands are loaded while the group before is
  /// multiplied.
  template <int Groups>
  [[gnu::always_inline]] void add(const std::int8_t* w, const std::int8_t* x) {
    int8x16_t ws[Groups][RowPairs], xs[Groups][token_pairs];
    const auto load = [&]<int G>() __attribute__((always_inline)) {
      unrolled<RowPairs>([&]<int R>() { ws[G][R] = vld1q_s8(w + 128 * G + 16 * R); });
      unrolled<token_pairs>(
          [&]<int P>() { xs[G][P] = load_tokens<Tokens>(x + 8 * Tokens * G, P); });
    };
    load.template operator()<0>();
    unrolled<Groups>([&]<int G>() {
      if constexpr (G + 1 < Groups) {
        load.template operator()<G + 1>();
      }
      unrolled<token_pairs>([&]<int P>() {
        unrolled<RowPairs>([&]<int R>() {
          sum[P][R] = vmmlaq_s32(sum[P][R], xs[G][P], ws[G][R]);
          keep_in_register(sum[P][R]);
        });
      });
    });
  }

  void store(std::int32_t* sums) const {
    unrolled<token_pairs>([&]<int P>() {
      unrolled<RowPairs / 2>(
          [&]<int R>() { store_pairs<Tokens>(sums + 4 * R, P, sum[P][2 * R], sum[P][2 * R + 1]); });
    });
  }
};

/// One token fills no register: SDOT takes 8 inputs of it twice, one copy for each row of a pair,
/// and the two sums of a row are added at the end.
template <int RowPairs>
struct Tile<RowPairs, 1> {
  int32x4_t sum[RowPairs] = {};

  template <int Groups>
  [[gnu::always_inline]] void add(const std::int8_t* w, const std::int8_t* x) {
    int8x16_t ws[Groups][RowPairs], xs[Groups];
    [[maybe_unused]] int64x2_t both[Groups];
    const auto load = [&]<int G>() __attribute__((always_inline)) {
      unrolled<RowPairs>([&]<int R>() { ws[G][R] = vld1q_s8(w + 128 * G + 16 * R); });
      if constexpr (Groups == 1) {
        xs[G] = load_tokens<1>(x, 0);
      } else {
        if constexpr (G % 4 == 0) {
          both[G / 2] = vreinterpretq_s64_s8(vld1q_s8(x + 8 * G));
          both[G / 2 + 1] = vreinterpretq_s64_s8(vld1q_s8(x + 8 * G + 16));
        }
        xs[G] = vreinterpretq_s8_s64(vdupq_laneq_s64(both[G / 2], G % 2));
      }
    };
    load.template operator()<0>();
    unrolled<Groups>([&]<int G>() {
      if constexpr (G + 1 < Groups) {
        load.template operator()<G + 1>();
      }
      unrolled<RowPairs>([&]<int R>() { sum[R] = vdotq_s32(sum[R], ws[G][R], xs[G]); });
    });
  }

  void store(std::int32_t* sums) const {
    unrolled<RowPairs / 2>(
        [&]<int R>() { vst1q_s32(sums + 4 * R, vpaddq_s32(sum[2 * R], sum[2 * R + 1])); });
  }
};

/// Fills sums [Tokens][16] for the RowPairs x 2 rows that `w` points at.
template <int RowPairs, int Tokens>
[[gnu::noinline]] void multiply(const std::int8_t* w, std::size_t inputs, const std::int8_t* x,
                                std::int32_t* sums) {
  Tile<RowPairs, Tokens> tile;
  std::size_t c = 0;
  constexpr std::size_t step = Tokens == 1 ? 64 : 32;
  for (; c + step <= inputs; c += step) {
    tile.template add<step / 8>(w + 16 * c, x + Tokens * c);
  }
  for (; c < inputs; c += 8) {
    tile.template add<1>(w + 16 * c, x + Tokens * c);
  }
  tile.store(sums);
}

template <int Tokens>
void block_sums(const std::int8_t* block, std::size_t inputs, const std::int8_t* x,
                std::int32_t (&sums)[Tokens][16]) {
  constexpr int pairs = Tokens <= 4 ? 8 : 4;
  for (int pair = 0; pair < 8; pair += pairs) {
    multiply<pairs, Tokens>(block + 16 * pair, inputs, x, sums[0] + 2 * pair);
  }
}

#include "kernels/paths/i8mm_i4.inl"

#include "kernels/generic/kernels.inl"

}  // namespace

constinit const KernelSet i8mm_set =
    make_set("i8mm", feature_neon | feature_dotprod | feature_i8mm);

}  // namespace crayon::kernels
