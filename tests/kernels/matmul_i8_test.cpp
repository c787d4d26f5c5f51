#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/half.h"
#include "base/random.h"
#include "kernels/kernel_set.h"
#include "tests/kernels/arrays.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/quantized.h"
#include "tests/kernels/sets.h"

namespace crayon::kernels {
namespace {

using test::Guarded;
class MatmulI8 : public test::EverySet {};

/// Weights and activations of one random shape, plain, with the sums that they must give.
struct Problem {
  std::size_t rows, inputs, tokens;
  std::vector<std::int8_t> w;      // [rows][inputs]
  std::vector<std::int8_t> x;      // [tokens][inputs]
  std::vector<std::int32_t> sums;  // [tokens][rows]

  Problem(Random& random, std::size_t rows_, std::size_t inputs_, std::size_t tokens_)
      : rows(rows_), inputs(inputs_), tokens(tokens_) {
    w = numbers(random, rows * inputs);
    x = numbers(random, tokens * inputs);
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t r = 0; r < rows; ++r) {
        std::int32_t sum = 0;
        for (std::size_t c = 0; c < inputs; ++c) {
          sum += w[r * inputs + c] * x[t * inputs + c];
        }
        sums.push_back(sum);
      }
    }
  }

 private:
  /// All of -127..127, or its extremes alone, where intermediate sums overflow first.
  static std::vector<std::int8_t> numbers(Random& random, std::size_t count) {
    const std::uint64_t kind = random.below(4);
    std::vector<std::int8_t> values(count);
    for (auto& value : values) {
      const auto any = static_cast<std::int8_t>(static_cast<int>(random.below(255)) - 127);
      value = kind == 0 ? std::int8_t{-127} : kind == 1 ? (any < 0 ? -127 : 127) : any;
    }
    return values;
  }
};

/// A problem as a kernel set takes it, every array ending at a guard page.
struct Packed {
  Guarded<std::int8_t> w_data;
  Guarded<float> w_scale;
  test::Quantized x_data;
  WeightsI8 w;
  const ActivationsI8& x;

  Packed(const Problem& p, const LayoutI8& layout, const LayoutX& layout_x, Random& random)
      : w_data(layout.packed_bytes(p.rows, p.inputs), 64),
        w_scale(layout.padded_rows(p.rows)),
        x_data(p.tokens, p.inputs, layout_x),
        x(x_data.view()) {
    for (std::size_t r = 0; r < p.rows; ++r) {
      pack_row_i8(layout, p.w.data() + r * p.inputs, r, p.inputs, w_data.data());
      w_scale[r] = static_cast<float>(random.uniform());
    }
    for (std::size_t t = 0; t < p.tokens; ++t) {
      x_data.scale(t) = static_cast<float>(random.uniform());
    }
    x_data.place(p.x, p.inputs);
    w = {p.rows, p.inputs, w_data.data(), w_scale.data()};
  }

  /// Of the sum that is given.
  float value(const Problem& p, std::size_t t, std::size_t r) const {
    return static_cast<float>(p.sums[t * p.rows + r]) * (x.scale[t] * w_scale[r]);
  }
};

std::size_t some_border(std::size_t rows, std::size_t rows_per_block, Random& random) {
  return random.below((rows + rows_per_block - 1) / rows_per_block) * rows_per_block;
}

void check(const KernelSet& set, const Problem& p, Random& random) {
  SCOPED_TRACE(testing::Message() << p.rows << " rows, " << p.inputs << " inputs, " << p.tokens
                                  << " tokens");
  const Packed packed(p, set.layout.i8, set.layout.x, random);
  Guarded<std::int32_t> sums(p.tokens * p.rows);
  Guarded<float> y(p.tokens * p.rows);
  // In two ranges, as two threads would.
  const std::size_t middle = some_border(p.rows, set.layout.i8.rows_per_block, random);
  set.matmul_i8_sums(packed.w, 0, middle, packed.x, sums.data(), p.rows);
  set.matmul_i8_sums(packed.w, middle, p.rows, packed.x, sums.data(), p.rows);
  ASSERT_TRUE(std::equal(sums.begin(), sums.end(), p.sums.begin()));

  set.matmul_i8(packed.w, 0, middle, packed.x, {y.data(), p.rows});
  set.matmul_i8(packed.w, middle, p.rows, packed.x, {y.data(), p.rows});
  const auto value = [&](std::size_t t, std::size_t r) { return packed.value(p, t, r); };
  for (std::size_t t = 0; t < p.tokens; ++t) {
    for (std::size_t r = 0; r < p.rows; ++r) {
      ASSERT_EQ(y[t * p.rows + r], value(t, r));
    }
  }

  Guarded<float> bias(p.rows);
  test::fill(bias, random);
  set.matmul_i8(packed.w, 0, p.rows, packed.x, {y.data(), p.rows, bias.data(), true});
  for (std::size_t t = 0; t < p.tokens; ++t) {
    for (std::size_t r = 0; r < p.rows; ++r) {
      ASSERT_EQ(y[t * p.rows + r], value(t, r) + (value(t, r) + bias[r]));
    }
  }

  const Problem factors(random, p.rows, 1 + random.below(70), p.tokens);
  const Packed b(factors, set.layout.i8, set.layout.x, random);
  Guarded<std::uint16_t> b_scale(set.layout.i8.padded_rows(p.rows));
  for (std::size_t r = 0; r < p.rows; ++r) {
    b_scale[r] = f32_to_f16(b.w_scale[r]);
  }
  const LowRankUp up{{p.rows, factors.inputs, b.w.data, b_scale.data()}, b.x};
  const auto up_value = [&](std::size_t t, std::size_t r) {
    return static_cast<float>(factors.sums[t * p.rows + r]) *
           (b.x.scale[t] * f16_to_f32(b_scale[r]));
  };
  set.matmul_i8(packed.w, 0, middle, packed.x, {y.data(), p.rows, nullptr, false, &up});
  set.matmul_i8(packed.w, middle, p.rows, packed.x, {y.data(), p.rows, nullptr, false, &up});
  for (std::size_t t = 0; t < p.tokens; ++t) {
    for (std::size_t r = 0; r < p.rows; ++r) {
      ASSERT_EQ(y[t * p.rows + r], value(t, r) + up_value(t, r));
    }
  }
  set.matmul_i8(packed.w, 0, p.rows, packed.x, {y.data(), p.rows, bias.data(), true, &up});
  for (std::size_t t = 0; t < p.tokens; ++t) {
    for (std::size_t r = 0; r < p.rows; ++r) {
      ASSERT_EQ(y[t * p.rows + r],
                ((value(t, r) + bias[r]) + (value(t, r) + up_value(t, r))) + up_value(t, r));
    }
  }
}

/// The same weights as factors A.
void check_down(const KernelSet& set, const Problem& p, Random& random) {
  SCOPED_TRACE(testing::Message() << p.rows << " rows, " << p.inputs << " inputs, " << p.tokens
                                  << " tokens");
  const Packed packed(p, set.layout.down, set.layout.x, random);
  Guarded<float> z(p.tokens * p.rows);
  const std::size_t middle = some_border(p.rows, set.layout.down.rows_per_block, random);
  set.down_i8(packed.w, 0, middle, packed.x, {z.data(), p.rows});
  set.down_i8(packed.w, middle, p.rows, packed.x, {z.data(), p.rows});
  for (std::size_t t = 0; t < p.tokens; ++t) {
    for (std::size_t r = 0; r < p.rows; ++r) {
      ASSERT_EQ(z[t * p.rows + r], packed.value(p, t, r));
    }
  }
}

TEST_P(MatmulI8, GivesTheExactSumsOnRandomShapes) {
  Random random(3);
  for (int round = 0; round < 1000; ++round) {
    const std::size_t rows = 1 + random.below(70);
    const std::size_t inputs = 1 + random.below(round % 10 == 0 ? 600 : 100);
    // Up to two whole groups of any set, and a tail.
    check(set(), Problem(random, rows, inputs, 1 + random.below(28)), random);
    if (HasFatalFailure()) {
      return;
    }
  }
}

TEST_P(MatmulI8, GivesTheSameOfFactors) {
  Random random(9);
  for (int round = 0; round < 1000; ++round) {
    const std::size_t rows = 1 + random.below(40);
    const std::size_t inputs = 1 + random.below(round % 10 == 0 ? 600 : 100);
    check_down(set(), Problem(random, rows, inputs, 1 + random.below(28)), random);
    if (HasFatalFailure()) {
      return;
    }
  }
}

TEST_P(MatmulI8, GivesTheExactSumsOnEverySmallShape) {
  Random random(4);
  for (std::size_t rows : {1, 3, 4, 5, 15, 16, 17}) {
    for (std::size_t inputs : {1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65}) {
      for (std::size_t tokens = 1; tokens <= 14; ++tokens) {
        check(set(), Problem(random, rows, inputs, tokens), random);
        if (HasFatalFailure()) {
          return;
        }
      }
    }
  }
}

TEST_P(MatmulI8, GivesTheExactSumsOfLongRows) {
  Random random(8);
  for (std::size_t inputs : {2047, 2048, 4100, 8191}) {
    check(set(), Problem(random, 37, inputs, 1 + random.below(14)), random);
  }
}

TEST_P(MatmulI8, HoldsTheMostInputs) {
  Problem p = [] {
    Random random(5);
    return Problem(random, 1, max_inputs_i8, 2);
  }();
  std::fill(p.w.begin(), p.w.end(), std::int8_t{-127});
  std::fill(p.x.begin(), p.x.begin() + static_cast<std::ptrdiff_t>(p.inputs), std::int8_t{-127});
  std::fill(p.x.begin() + static_cast<std::ptrdiff_t>(p.inputs), p.x.end(), std::int8_t{127});
  p.sums = {16129 * 131072, -16129 * 131072};
  Random random(6);
  check(set(), p, random);
}

TEST_P(MatmulI8, WritesOnlyTheRowsOfItsRange) {
  Random random(7);
  const Problem p(random, 200, 40, 3);
  const Packed packed(p, set().layout.i8, set().layout.x, random);
  const std::size_t begin = set().layout.i8.rows_per_block, stride = 210;
  std::vector<std::int32_t> sums(p.tokens * stride, 12345);
  set().matmul_i8_sums(packed.w, begin, 200, packed.x, sums.data(), stride);
  for (std::size_t t = 0; t < p.tokens; ++t) {
    for (std::size_t r = 0; r < stride; ++r) {
      const bool inside = r >= begin && r < 200;
      ASSERT_EQ(sums[t * stride + r], inside ? p.sums[t * p.rows + r] : 12345);
    }
  }
}

CRAYON_FOR_EVERY_SET(MatmulI8);

}  // namespace
}  // namespace crayon::kernels
