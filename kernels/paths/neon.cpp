// The path for armv8.0 cores, which have no instruction for dot products of bytes: Cortex-A53,
// A57, A72, A73.
#include <arm_neon.h>

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "kernels/paths/paths.h"

namespace crayon::kernels {
namespace {

#include "kernels/generic/vector.inl"

// A block is 4 rows, each row's 16 inputs of a step together:
//
//            inputs 0..15   16..31
//   row 0    | 0: 16 B |   | 64: 16 B |
//   row 1    | 16      |   | 80       |      offsets in bytes
//   row 2    | 32      |   | 96       |
//   row 3    | 48      |   | 112      |
constexpr Layout layout = {
    .i8 = {.id = 2, .rows_per_block = 4, .inputs_per_group = 16, .input_multiple = 16, .flip = 0},
    .i4 = {.id = 102, .rows_per_block = 4, .inputs_per_group = 16},
    .x = {.tokens_per_group = 2, .inputs_per_group = 16}};

// Registers at 2 tokens: 8 of sums, 2 of x, 4 of w and up to 16 of products, of 32: as many as let
// an in-order core (A53) work on eight products while it waits for none. With 4 tokens the sums
// crowd the products out, and a token takes a quarter longer on A53 and A72 (by llvm-mca).
static_assert(layout.x.tokens_per_group == 2);

/// Each product goes to the sums at once. Adding two in int16 first (SMLAL) would save one
/// instruction in four, but (-128)^2 + (-128)^2 does not fit.
[[gnu::always_inline]] inline int32x4_t add_products(int32x4_t total, int8x16_t w, int8x16_t x) {
  total = vpadalq_s16(total, vmull_s8(vget_low_s8(w), vget_low_s8(x)));
  return vpadalq_s16(total, vmull_high_s8(w, x));
}

template <int Tokens>
void block_sums(const std::int8_t* block, std::size_t inputs, const std::int8_t* x,
                std::int32_t (&sums)[Tokens][4]) {
  int32x4_t total[Tokens][4] = {};
  for (std::size_t c = 0; c < inputs; c += 16) {
    int8x16_t xs[Tokens];
    for (int t = 0; t < Tokens; ++t) {
      xs[t] = vld1q_s8(x + Tokens * c + static_cast<std::size_t>(16 * t));
    }
    for (int row = 0; row < 4; ++row) {
      const int8x16_t ws = vld1q_s8(block + 4 * c + static_cast<std::size_t>(16 * row));
      for (int t = 0; t < Tokens; ++t) {
        total[t][row] = add_products(total[t][row], ws, xs[t]);
      }
    }
  }
  for (int t = 0; t < Tokens; ++t) {
    const int32x4_t rows01 = vpaddq_s32(total[t][0], total[t][1]);
    const int32x4_t rows23 = vpaddq_s32(total[t][2], total[t][3]);
    vst1q_s32(sums[t], vpaddq_s32(rows01, rows23));
  }
}

#include "kernels/generic/half_neon.inl"
#include "kernels/generic/plain_i4.inl"

#include "kernels/generic/kernels.inl"

}  // namespace

constinit const KernelSet neon_set = make_set("neon", feature_neon);

}  // namespace crayon::kernels
