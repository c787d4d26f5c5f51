// The path for cores with SDOT: Cortex-A55, A75 and all since, A76 (Raspberry Pi 5, RK3588), A78,
// X, Neoverse, Apple.
#include <arm_neon.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/paths/paths.h"

#ifndef __ARM_FEATURE_DOTPROD
#error "compile this file with -march=armv8.2-a+dotprod"
#endif

namespace crayon::kernels {
namespace {

#include "kernels/generic/vector.inl"

// A block is 16 rows; 4 inputs of each stand together, as the lanes of SDOT want them:
//
//             inputs 0..3 of rows            4..7            12..15
//   quad 0    0 1 2 3       |   0: 16 B |   |  64: 16 B |   | 192 |
//   quad 1    4 5 6 7       |  16       |   |  80       |   | 208 |    offsets in bytes
//   quad 2    8 9 10 11     |  32       |   |  96       |   | 224 |
//   quad 3    12 13 14 15   |  48       |   | 112       |   | 240 |
//
// SDOT by lane multiplies one of these registers with 4 inputs of x, the same for its 4 rows, and
// adds to 4 sums, one a row: no lane ever needs adding across. Tokens stand as rows do: 8 tokens'
// 4 inputs are two registers.
constexpr LayoutI8 layout_i8 = {
    .id = 4, .rows_per_block = 16, .inputs_per_group = 4, .input_multiple = 8, .flip = 0};
constexpr Layout layout = {.i8 = layout_i8,
                           .i4 = {.id = 103, .rows_per_block = 16, .inputs_per_group = 4},
                           .x = {.tokens_per_group = 12, .inputs_per_group = 4},
                           .down = layout_i8};

#include "kernels/generic/arm.inl"
#include "kernels/generic/unrolled.inl"

/// Sums of Quads x 4 rows and Tokens tokens.
template <int Quads, int Tokens>
struct Tile {
  // A single token has few sums, each of which waits for its last SDOT: a second set of them, for
  // odd groups, halves the wait.
  static constexpr int chains = Tokens == 1 ? 2 : 1;

  int32x4_t sum[chains][Tokens][Quads] = {};

  /// Adds the next 4 * Groups inputs. Each group's operands are loaded while the group before is
  /// multiplied.
  template <int Groups>
  [[gnu::always_inline]] void add(const std::int8_t* w, const std::int8_t* x) {
    int8x16_t ws[Groups][Quads], xs[(Groups * Tokens + 7) / 8 * 2];
    const auto load = [&]<int G>() __attribute__((always_inline)) {
      unrolled<Quads>([&]<int Q>() { ws[G][Q] = vld1q_s8(w + 64 * G + 16 * Q); });
      unrolled<Tokens / 8 + 1>([&]<int I>() {
        constexpr int pair = (G * Tokens + 7) / 8 + I;
        if constexpr (pair * 8 < (G + 1) * Tokens) {
          xs[2 * pair] = vld1q_s8(x + 32 * pair);
          xs[2 * pair + 1] = vld1q_s8(x + 32 * pair + 16);
        }
      });
    };
    load.template operator()<0>();
    unrolled<Groups>([&]<int G>() {
      if constexpr (G + 1 < Groups) {
        load.template operator()<G + 1>();
      }
      unrolled<Tokens>([&]<int T>() {
        constexpr int at = G * Tokens + T;
        unrolled<Quads>([&]<int Q>() {
          int32x4_t& s = sum[G % chains][T][Q];
          s = vdotq_laneq_s32(s, ws[G][Q], xs[at / 4], at % 4);
          if constexpr (Tokens >= 4) {
            keep_in_register(s);
          }
        });
      });
    });
  }

  void load(const std::int32_t* sums) {
    unrolled<Tokens>([&]<int T>() {
      unrolled<Quads>([&]<int Q>() { sum[0][T][Q] = vld1q_s32(sums + 16 * T + 4 * Q); });
    });
  }

  void store(std::int32_t* sums) const {
    unrolled<Tokens>([&]<int T>() {
      unrolled<Quads>([&]<int Q>() {
        int32x4_t s = sum[0][T][Q];
        if constexpr (chains == 2) {
          s = vaddq_s32(s, sum[1][T][Q]);
        }
        vst1q_s32(sums + 16 * T + 4 * Q, s);
      });
    });
  }
};

/// Fills sums [Tokens][16] for the Quads x 4 rows that `w` points at.
template <int Quads, int Tokens>
[[gnu::noinline]] void multiply(const std::int8_t* w, std::size_t inputs, const std::int8_t* x,
                                std::int32_t* sums) {
  Tile<Quads, Tokens> tile;
  std::size_t c = 0;
  constexpr std::size_t step = Tokens == 1 ? 64 : 32;
  for (; c + step <= inputs; c += step) {
    tile.template add<step / 4>(w + 16 * c, x + Tokens * c);
  }
  for (; c < inputs; c += 8) {
    tile.template add<2>(w + 16 * c, x + Tokens * c);
  }
  tile.store(sums);
}

#include "kernels/paths/dotprod_wide.inl"

template <>
[[gnu::noinline]] void multiply<2, 12>(const std::int8_t* w, std::size_t inputs,
                                       const std::int8_t* x, std::int32_t* sums) {
  std::size_t c = inputs / 32 * 32;
  if (c > 0) {
    multiply_wide(w, c, x, sums);
  }
  if (c < inputs) {
    Tile<2, 12> rest;
    if (c > 0) {
      rest.load(sums);
    }
    for (; c < inputs; c += 8) {
      rest.add<2>(w + 16 * c, x + 12 * c);
    }
    rest.store(sums);
  }
}

template <int Tokens>
void block_sums(const std::int8_t* block, std::size_t inputs, const std::int8_t* x,
                std::int32_t (&sums)[Tokens][16]) {
  constexpr int quads = Tokens <= 4 ? 4 : Tokens <= 8 || Tokens == 12 ? 2 : 1;
  for (int quad = 0; quad < 4; quad += quads) {
    multiply<quads, Tokens>(block + 16 * quad, inputs, x, sums[0] + 4 * quad);
  }
}

#include "kernels/paths/dotprod_i4.inl"

#include "kernels/generic/kernels.inl"

}  // namespace

constinit const KernelSet dotprod_set = make_set("dotprod", feature_neon | feature_dotprod);

}  // namespace crayon::kernels
