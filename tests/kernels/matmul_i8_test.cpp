#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/random.h"
#include "kernels/kernel_set.h"
#include "tests/kernels/guarded.h"
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
  /// All of int8, or its extremes alone, where intermediate sums overflow first.
  static std::vector<std::int8_t> numbers(Random& random, std::size_t count) {
    const std::uint64_t kind = random.below(4);
    std::vector<std::int8_t> values(count);
    for (auto& value : values) {
      const auto any = static_cast<std::int8_t>(random.next());
      value = kind == 0 ? std::int8_t{-128} : kind == 1 ? (any < 0 ? -128 : 127) : any;
    }
    return values;
  }
};

/// A problem as a kernel set takes it, every array ending at a guard page.
struct Packed {
  Guarded<std::int8_t> w_data;
  Guarded<float> w_scale;
  Guarded<std::int8_t> x_data;
  Guarded<float> x_scale;
  WeightsI8 w;
  ActivationsI8 x;

  Packed(const Problem& p, const Layout& layout, Random& random)
      : w_data(layout.packed_bytes(p.rows, p.inputs), 64),
        w_scale(layout.padded_rows(p.rows)),
        x_data(p.tokens * aligned(layout.padded_inputs(p.inputs)), 16),
        x_scale(p.tokens) {
    const std::size_t stride = aligned(layout.padded_inputs(p.inputs));
    for (std::size_t r = 0; r < p.rows; ++r) {
      pack_row_i8(layout, p.w.data() + r * p.inputs, r, p.inputs, w_data.data());
      w_scale[r] = static_cast<float>(random.uniform());
    }
    for (std::size_t t = 0; t < p.tokens; ++t) {
      std::memcpy(x_data.data() + t * stride, p.x.data() + t * p.inputs, p.inputs);
      x_scale[t] = static_cast<float>(random.uniform());
    }
    w = {p.rows, p.inputs, w_data.data(), w_scale.data()};
    x = {p.tokens, stride, x_data.data(), x_scale.data()};
  }

  static std::size_t aligned(std::size_t bytes) { return (bytes + 15) / 16 * 16; }
};

void check(const KernelSet& set, const Problem& p, Random& random) {
  SCOPED_TRACE(testing::Message() << p.rows << " rows, " << p.inputs << " inputs, " << p.tokens
                                  << " tokens");
  const Packed packed(p, set.layout, random);
  Guarded<std::int32_t> sums(p.tokens * p.rows);
  Guarded<float> y(p.tokens * p.rows);
  // In two ranges, as two threads would.
  const std::size_t blocks = set.layout.padded_rows(p.rows) / set.layout.rows_per_block;
  const std::size_t middle = random.below(blocks) * set.layout.rows_per_block;
  set.matmul_i8_sums(packed.w, 0, middle, packed.x, sums.data(), p.rows);
  set.matmul_i8_sums(packed.w, middle, p.rows, packed.x, sums.data(), p.rows);
  ASSERT_TRUE(std::equal(sums.begin(), sums.end(), p.sums.begin()));

  set.matmul_i8(packed.w, 0, middle, packed.x, y.data(), p.rows);
  set.matmul_i8(packed.w, middle, p.rows, packed.x, y.data(), p.rows);
  for (std::size_t t = 0; t < p.tokens; ++t) {
    for (std::size_t r = 0; r < p.rows; ++r) {
      const float scale = packed.x_scale[t] * packed.w_scale[r];
      ASSERT_EQ(y[t * p.rows + r], static_cast<float>(p.sums[t * p.rows + r]) * scale);
    }
  }
}

TEST_P(MatmulI8, GivesTheExactSumsOnRandomShapes) {
  Random random(3);
  for (int round = 0; round < 1000; ++round) {
    const std::size_t rows = 1 + random.below(70);
    const std::size_t inputs = 1 + random.below(round % 10 == 0 ? 600 : 100);
    check(set(), Problem(random, rows, inputs, 1 + random.below(9)), random);
    if (HasFatalFailure()) {
      return;
    }
  }
}

TEST_P(MatmulI8, GivesTheExactSumsOnEverySmallShape) {
  Random random(4);
  for (std::size_t rows : {1, 3, 4, 5, 15, 16, 17}) {
    for (std::size_t inputs : {1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65}) {
      for (std::size_t tokens = 1; tokens <= 9; ++tokens) {
        check(set(), Problem(random, rows, inputs, tokens), random);
        if (HasFatalFailure()) {
          return;
        }
      }
    }
  }
}

TEST_P(MatmulI8, HoldsTheMostInputs) {
  Problem p = [] {
    Random random(5);
    return Problem(random, 1, max_inputs_i8, 2);
  }();
  std::fill(p.w.begin(), p.w.end(), std::int8_t{-128});
  std::fill(p.x.begin(), p.x.begin() + static_cast<std::ptrdiff_t>(p.inputs), std::int8_t{-128});
  std::fill(p.x.begin() + static_cast<std::ptrdiff_t>(p.inputs), p.x.end(), std::int8_t{127});
  p.sums = {16384 * 131071, -16256 * 131071};
  Random random(6);
  check(set(), p, random);
}

TEST_P(MatmulI8, WritesOnlyTheRowsOfItsRange) {
  Random random(7);
  const Problem p(random, 100, 40, 3);
  const Packed packed(p, set().layout, random);
  const std::size_t stride = 110;
  std::vector<std::int32_t> sums(p.tokens * stride, 12345);
  set().matmul_i8_sums(packed.w, 48, 100, packed.x, sums.data(), stride);
  for (std::size_t t = 0; t < p.tokens; ++t) {
    for (std::size_t r = 0; r < stride; ++r) {
      const bool inside = r >= 48 && r < 100;
      ASSERT_EQ(sums[t * stride + r], inside ? p.sums[t * p.rows + r] : 12345);
    }
  }
}

CRAYON_FOR_EVERY_SET(MatmulI8);

}  // namespace
}  // namespace crayon::kernels
