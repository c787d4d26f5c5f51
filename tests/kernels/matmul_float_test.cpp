#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/half.h"
#include "kernels/kernel_set.h"
#include "tests/kernels/arrays.h"
#include "tests/kernels/sets.h"

namespace crayon::kernels {
namespace {

using test::bits;
using test::fill;
using test::Guarded;
using test::ordered_dot;

class MatmulFloat : public test::EverySet {};

TEST_P(MatmulFloat, DotAddsInThePromisedOrder) {
  Random random(11);
  for (std::size_t n = 0; n < 300; ++n) {
    Guarded<float> x(n), y(n);
    fill(x, random);
    fill(y, random);
    const float dot = set().dot_f32(x.data(), y.data(), n);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(dot),
              std::bit_cast<std::uint32_t>(ordered_dot(x.data(), y.data(), n)))
        << n;
    double exact = 0, magnitude = 0;
    for (std::size_t i = 0; i < n; ++i) {
      exact += static_cast<double>(x[i]) * y[i];
      magnitude += std::abs(static_cast<double>(x[i]) * y[i]);
    }
    // n / 8 + 4 roundings of 2^-24 each.
    ASSERT_NEAR(dot, exact, magnitude * (static_cast<double>(n) / 8 + 4) * 0x1p-24) << n;
  }
}

/// One random float matrix product of each storage type, in a random row range.
struct Shape {
  std::size_t rows, inputs, tokens, begin, end;
  explicit Shape(Random& random)
      : rows(1 + random.below(40)), inputs(1 + random.below(90)), tokens(1 + random.below(9)) {
    begin = random.below(rows);
    end = begin + random.below(rows - begin + 1);
  }
};

/// Expects y [tokens][rows] to hold the dot products inside the range and `untouched` outside.
void expect_dots(const Shape& s, const float* w, const Guarded<float>& x, const Guarded<float>& y,
                 float untouched) {
  for (std::size_t t = 0; t < s.tokens; ++t) {
    for (std::size_t r = 0; r < s.rows; ++r) {
      const bool inside = r >= s.begin && r < s.end;
      const float expected =
          inside ? ordered_dot(w + r * s.inputs, x.data() + t * s.inputs, s.inputs) : untouched;
      ASSERT_EQ(std::bit_cast<std::uint32_t>(y[t * s.rows + r]),
                std::bit_cast<std::uint32_t>(expected))
          << s.rows << "x" << s.inputs << ", " << s.tokens << " tokens";
    }
  }
}

TEST_P(MatmulFloat, GivesDotProductsInF32AndF16) {
  Random random(12);
  for (int round = 0; round < 500 && !HasFatalFailure(); ++round) {
    const Shape s(random);
    Guarded<float> w(s.rows * s.inputs), x(s.tokens * s.inputs), y(s.tokens * s.rows);
    Guarded<std::uint16_t> w16(w.size());
    fill(w, random);
    fill(x, random);
    fill(y, random);
    std::fill(y.begin(), y.end(), 7.0f);
    set().matmul_f32(w.data(), s.inputs, s.begin, s.end, x.data(), s.inputs, s.tokens,
                     {y.data(), s.rows});
    expect_dots(s, w.data(), x, y, 7.0f);

    for (std::size_t i = 0; i < w.size(); ++i) {
      w16[i] = crayon::f32_to_f16(w[i]);
      w[i] = crayon::f16_to_f32(w16[i]);
    }
    set().matmul_f16(w16.data(), s.inputs, s.begin, s.end, x.data(), s.inputs, s.tokens,
                     {y.data(), s.rows});
    expect_dots(s, w.data(), x, y, 7.0f);
  }
}

TEST_P(MatmulFloat, LowRankIsTwoProducts) {
  Random random(13);
  for (int round = 0; round < 300; ++round) {
    const Shape s(random);
    const std::size_t rank = 1 + random.below(40);
    Guarded<float> a(rank * s.inputs), scale(rank), b(s.rows * rank), x(s.tokens * s.inputs);
    Guarded<float> z(s.tokens * rank), y(s.tokens * s.rows), before(s.tokens * s.rows);
    for (Guarded<float>* array : {&a, &scale, &b, &x, &before}) {
      fill(*array, random);
    }
    const bool scaled = random.below(2) == 1;
    set().low_rank_down(a.data(), rank, s.inputs, scaled ? scale.data() : nullptr, x.data(),
                        s.inputs, s.tokens, z.data());
    for (std::size_t t = 0; t < s.tokens; ++t) {
      for (std::size_t j = 0; j < rank; ++j) {
        const float dot = ordered_dot(a.data() + j * s.inputs, x.data() + t * s.inputs, s.inputs);
        ASSERT_EQ(z[t * rank + j], scaled ? scale[j] * dot : dot);
      }
    }
    std::copy(before.begin(), before.end(), y.begin());
    set().low_rank_up(b.data(), rank, s.begin, s.end, z.data(), s.tokens, y.data(), s.rows);
    for (std::size_t t = 0; t < s.tokens; ++t) {
      for (std::size_t r = 0; r < s.rows; ++r) {
        const bool inside = r >= s.begin && r < s.end;
        const float dot = ordered_dot(b.data() + r * rank, z.data() + t * rank, rank);
        const float old = before[t * s.rows + r];
        ASSERT_EQ(y[t * s.rows + r], inside ? old + dot : old);
      }
    }
  }
}

CRAYON_FOR_EVERY_SET(MatmulFloat);

}  // namespace
}  // namespace crayon::kernels
