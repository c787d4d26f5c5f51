// The path for cores with SDOT: Cortex-A55, A75 and all since, A76 (Raspberry Pi 5, RK3588), A78,
// X, Neoverse, Apple.
#include <arm_neon.h>

#include <cassert>
#include <cstddef>
#include <cstdint>

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
// adds to 4 sums, one a row: no lane ever needs adding across.
constexpr Layout layout = {
    .i8 = {.id = 3, .rows_per_block = 16, .inputs_per_group = 4, .input_multiple = 16, .flip = 0},
    .i4 = {.id = 103, .rows_per_block = 16, .inputs_per_group = 4},
    .x = {.tokens_per_group = 4, .inputs_per_group = 16}};

// Registers at 4 tokens: 16 of sums, 4 of x, 4 of w, of 32:
//
//              t0    t1    t2    t3        x: one register a token, a lane a group
//   w quad 0   4     4     4     4
//   w quad 1   4     4     4     4         64 SDOTs for 16 + 4 loads
//   w quad 2   4     4     4     4
//   w quad 3   4     4     4     4
static_assert(layout.x.tokens_per_group == 4);

// One token alone has 4 sums, each of which waits for its last SDOT: two sets of them, for even and
// for odd groups, halve the wait.
template <int Tokens>
constexpr int chains = Tokens == 1 ? 2 : 1;

template <int Tokens>
using Totals = int32x4_t[chains<Tokens>][Tokens][4];

/// Inputs 4 * Group .. 4 * Group + 3 of a step.
template <int Group, int Tokens>
[[gnu::always_inline]] inline void add_group(const std::int8_t* w, const int8x16_t (&xs)[Tokens],
                                             Totals<Tokens>& total) {
  int8x16_t ws[4];
#pragma GCC unroll 4
  for (int quad = 0; quad < 4; ++quad) {
    ws[quad] = vld1q_s8(w + static_cast<std::size_t>(64 * Group + 16 * quad));
  }
#pragma GCC unroll 4
  for (int quad = 0; quad < 4; ++quad) {
#pragma GCC unroll 4
    for (int t = 0; t < Tokens; ++t) {
      int32x4_t& sum = total[Group % chains<Tokens>][t][quad];
      sum = vdotq_laneq_s32(sum, ws[quad], xs[t], Group);
    }
  }
}

template <int Tokens>
void block_sums(const std::int8_t* block, std::size_t inputs, const std::int8_t* x,
                std::int32_t (&sums)[Tokens][16]) {
  Totals<Tokens> total = {};
  for (std::size_t c = 0; c < inputs; c += 16) {
    int8x16_t xs[Tokens];
    for (int t = 0; t < Tokens; ++t) {
      xs[t] = vld1q_s8(x + Tokens * c + static_cast<std::size_t>(16 * t));
    }
    const std::int8_t* w = block + 16 * c;
    add_group<0>(w, xs, total);
    add_group<1>(w, xs, total);
    add_group<2>(w, xs, total);
    add_group<3>(w, xs, total);
  }
  for (int t = 0; t < Tokens; ++t) {
    for (int quad = 0; quad < 4; ++quad) {
      int32x4_t sum = total[0][t][quad];
      if constexpr (chains<Tokens> == 2) {
        sum = vaddq_s32(sum, total[1][t][quad]);
      }
      vst1q_s32(sums[t] + 4 * quad, sum);
    }
  }
}

#include "kernels/generic/half_neon.inl"
#include "kernels/generic/plain_i4.inl"

#include "kernels/generic/kernels.inl"

}  // namespace

constinit const KernelSet dotprod_set = make_set("dotprod", feature_neon | feature_dotprod);

}  // namespace crayon::kernels
