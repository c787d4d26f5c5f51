// The path for armv8.0 cores, which have no instruction for dot products of bytes: Cortex-A53,
// A57, A72, A73.
#include <arm_neon.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/paths/paths.h"

namespace crayon::kernels {
namespace {

#include "kernels/generic/vector.inl"

// A block is 8 rows, each row's 16 inputs of a step together:
//
//            inputs 0..15   16..31
//   row 0    |   0: 16 B |   | 128: 16 B |
//   row 1    |  16       |   | 144       |      offsets in bytes
//     ...
//   row 7    | 112       |   | 240       |
constexpr LayoutI8 layout_i8 = {
    .id = 6, .rows_per_block = 8, .inputs_per_group = 16, .input_multiple = 16, .flip = 0};
constexpr Layout layout = {.i8 = layout_i8,
                           .i4 = {.id = 106, .rows_per_block = 8, .inputs_per_group = 16},
                           .x = {.tokens_per_group = 4, .inputs_per_group = 16},
                           .down = layout_i8};

#include "kernels/generic/arm.inl"
#include "kernels/generic/unrolled.inl"

// 4 rows x 4 tokens: 16 registers of sums, 4 of x, up to 4 of w and 8 of products, of 32. Eight
// products are in flight together, so that an in-order core waits for none; with four, an A53 takes
// an eighth longer (by llvm-mca).

/// Adds the products of 16 inputs. Two fit into int16, since no operand is -128: 2 * 127^2 = 32258.
/// So the upper 8 inputs' go to the lower ones' before they widen.
template <int Rows, int Tokens>
[[gnu::always_inline]] inline void add_products(const std::int8_t* w, const std::int8_t* x,
                                                int32x4_t (&total)[Rows][Tokens]) {
  constexpr int at_once = Tokens == 1 ? 8 : Tokens == 2 ? 4 : 2;
  int8x16_t xs[Tokens], ws[Rows];
  const auto load = [&]<int First>() __attribute__((always_inline)) {
    unrolled<at_once>([&]<int R>() { ws[First + R] = vld1q_s8(w + 16 * (First + R)); });
  };
  load.template operator()<0>();
  unrolled<Tokens>([&]<int T>() { xs[T] = vld1q_s8(x + 16 * T); });
  unrolled<Rows / at_once>([&]<int Part>() {
    constexpr int first = Part * at_once;
    if constexpr (first + at_once < Rows) {
      load.template operator()<first + at_once>();
    }
    int16x8_t products[at_once][Tokens];
    unrolled<at_once>([&]<int R>() {
      unrolled<Tokens>([&]<int T>() {
        products[R][T] = vmull_s8(vget_low_s8(ws[first + R]), vget_low_s8(xs[T]));
      });
    });
    unrolled<at_once>([&]<int R>() {
      unrolled<Tokens>(
          [&]<int T>() { products[R][T] = vmlal_high_s8(products[R][T], ws[first + R], xs[T]); });
    });
    unrolled<at_once>([&]<int R>() {
      unrolled<Tokens>([&]<int T>() {
        total[first + R][T] = vpadalq_s16(total[first + R][T], products[R][T]);
        keep_in_register(total[first + R][T]);
      });
    });
  });
}

/// Fills sums [Tokens][8] for the Rows rows that `w` points at.
template <int Rows, int Tokens>
[[gnu::noinline]] void multiply(const std::int8_t* w, std::size_t inputs, const std::int8_t* x,
                                std::int32_t* sums) {
  int32x4_t total[Rows][Tokens] = {};
  std::size_t c = 0;
  constexpr std::size_t step = Tokens == 1 ? 64 : 32;
  for (; c + step <= inputs; c += step) {
    unrolled<step / 16>(
        [&]<int I>() { add_products(w + 8 * (c + 16 * I), x + Tokens * (c + 16 * I), total); });
  }
  for (; c < inputs; c += 16) {
    add_products(w + 8 * c, x + Tokens * c, total);
  }
  unrolled<Rows / 4>([&]<int Q>() {
    unrolled<Tokens>([&]<int T>() {
      const int32x4_t rows01 = vpaddq_s32(total[4 * Q][T], total[4 * Q + 1][T]);
      const int32x4_t rows23 = vpaddq_s32(total[4 * Q + 2][T], total[4 * Q + 3][T]);
      vst1q_s32(sums + 8 * T + 4 * Q, vpaddq_s32(rows01, rows23));
    });
  });
}

template <int Tokens>
void block_sums(const std::int8_t* block, std::size_t inputs, const std::int8_t* x,
                std::int32_t (&sums)[Tokens][8]) {
  if constexpr (Tokens <= 2) {
    multiply<8, Tokens>(block, inputs, x, sums[0]);
  } else {
    multiply<4, Tokens>(block, inputs, x, sums[0]);
    multiply<4, Tokens>(block + 64, inputs, x, sums[0] + 4);
  }
}

#include "kernels/paths/neon_i4.inl"

#include "kernels/generic/kernels.inl"

}  // namespace

constinit const KernelSet neon_set = make_set("neon", feature_neon);

}  // namespace crayon::kernels
