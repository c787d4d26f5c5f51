// The path for every CPU, and the truth that the others are tested against.
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "base/half.h"
#include "kernels/paths/paths.h"

namespace crayon::kernels {
namespace {

#include "kernels/generic/vector.inl"

constexpr LayoutI8 layout_i8 = {
    .id = 1, .rows_per_block = 1, .inputs_per_group = 1, .input_multiple = 1, .flip = 0};
constexpr Layout layout = {.i8 = layout_i8,
                           .i4 = {.id = 101, .rows_per_block = 1, .inputs_per_group = 1},
                           .x = {.tokens_per_group = 1, .inputs_per_group = 1},
                           .down = layout_i8};

template <int Tokens>
void block_sums(const std::int8_t* block, std::size_t inputs, const std::int8_t* x,
                std::int32_t (&sums)[Tokens][1]) {
  std::int32_t sum = 0;
  for (std::size_t c = 0; c < inputs; ++c) {
    sum += block[c] * x[c];
  }
  sums[0][0] = sum;
}

// Not inlined: four calls each, unrolled, would make this the largest file of the program.
[[gnu::noinline]] f32v fma(f32v a, f32v b, f32v c) {
  f32v value;
  for (int lane = 0; lane < lanes; ++lane) {
    value[lane] = __builtin_fmaf(a[lane], b[lane], c[lane]);
  }
  return value;
}

// Of two numbers, the one or the other; b where it is NaN.
inline f32v larger(f32v a, f32v b) {
  return choose(a > b, a, b);
}
inline f32v smaller(f32v a, f32v b) {
  return choose(a < b, a, b);
}

inline f32v load(const std::uint16_t* x) {
  f32v value = {};
  for (int lane = 0; lane < lanes; ++lane) {
    value[lane] = crayon::f16_to_f32(x[lane]);
  }
  return value;
}

inline void expand(const std::uint16_t* x, f32v (&y)[16 / lanes]) {
  for (f32v& four : y) {
    four = load(x);
    x += lanes;
  }
}

inline void expand(const std::int8_t* x, f32v (&y)[16 / lanes]) {
  for (f32v& four : y) {
    f32v value = {};
    for (int lane = 0; lane < lanes; ++lane) {
      value[lane] = *x++;
    }
    four = value;
  }
}

inline void store(std::uint16_t* y, f32v value) {
  for (int lane = 0; lane < lanes; ++lane) {
    y[lane] = crayon::f32_to_f16(value[lane]);
  }
}

#include "kernels/generic/plain_i4.inl"

#include "kernels/generic/kernels.inl"

}  // namespace

constinit const KernelSet scalar_set = make_set("scalar", 0);

}  // namespace crayon::kernels
