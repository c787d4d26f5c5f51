#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "base/half.h"
#include "base/random.h"
#include "kernels/kernel_set.h"
#include "tests/kernels/arrays.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/packed_rows.h"
#include "tests/kernels/quantized.h"
#include "tests/kernels/sets.h"

namespace crayon::kernels {
namespace {

using test::Guarded;
class MatmulI4 : public test::EverySet {};

/// Weights and activations of one random shape, plain, with the values that they must give.
struct Problem {
  std::size_t rows, inputs, tokens, groups;
  std::vector<std::int8_t> w;        // [rows][inputs]
  std::vector<std::uint16_t> scale;  // [rows][groups]
  std::vector<std::int8_t> x;        // [tokens][inputs]
  std::vector<float> x_scale;        // [tokens]

  Problem(Random& random, std::size_t rows_, std::size_t inputs_, std::size_t tokens_)
      : rows(rows_), inputs(inputs_), tokens(tokens_), groups(LayoutI4::groups(inputs_)) {
    const std::uint64_t kind = random.below(4);
    for (std::size_t i = 0; i < rows * inputs; ++i) {
      const int any = static_cast<int>(random.below(16)) - 8;
      w.push_back(static_cast<std::int8_t>(kind == 0 ? -8 : kind == 1 ? (any < 0 ? -8 : 7) : any));
    }
    for (std::size_t i = 0; i < tokens * inputs; ++i) {
      const int any = static_cast<int>(random.below(255)) - 127;
      x.push_back(static_cast<std::int8_t>(kind < 2 ? (any < 0 ? -127 : 127) : any));
    }
    for (std::size_t i = 0; i < rows * groups; ++i) {
      scale.push_back(f32_to_f16(static_cast<float>(random.uniform())));
    }
    for (std::size_t t = 0; t < tokens; ++t) {
      x_scale.push_back(static_cast<float>(random.uniform()));
    }
  }

  float value(std::size_t t, std::size_t r) const {
    float s = 0;
    for (std::size_t g = 0; g < groups; ++g) {
      std::int32_t sum = 0;
      for (std::size_t c = g * group_inputs; c < std::min((g + 1) * group_inputs, inputs); ++c) {
        sum += w[r * inputs + c] * x[t * inputs + c];
      }
      s = std::fma(static_cast<float>(sum), f16_to_f32(scale[r * groups + g]), s);
    }
    return x_scale[t] * s;
  }
};

void check(const KernelSet& set, const Problem& p, Random& random) {
  SCOPED_TRACE(testing::Message() << p.rows << " rows, " << p.inputs << " inputs, " << p.tokens
                                  << " tokens");
  const LayoutI4& layout = set.layout.i4;
  Guarded<std::uint8_t> data(layout.packed_bytes(p.rows, p.inputs), 64);
  test::clear_i4(layout, p.rows, p.inputs, data.data());
  for (std::size_t r = 0; r < p.rows; ++r) {
    test::pack_row_i4(layout, p.w.data() + r * p.inputs, p.scale.data() + r * p.groups, r, p.inputs,
                      data.data());
  }
  const WeightsI4 w = {p.rows, p.inputs, data.data()};
  test::Quantized x(p.tokens, p.inputs, set.layout.x);
  for (std::size_t t = 0; t < p.tokens; ++t) {
    x.scale(t) = p.x_scale[t];
  }
  x.place(p.x, p.inputs);

  // In two ranges, as two threads would.
  Guarded<float> y(p.tokens * p.rows), bias(p.rows);
  const std::size_t blocks = layout.padded_rows(p.rows) / layout.rows_per_block;
  const std::size_t middle = random.below(blocks) * layout.rows_per_block;
  set.matmul_i4(w, 0, middle, x.view(), {y.data(), p.rows});
  set.matmul_i4(w, middle, p.rows, x.view(), {y.data(), p.rows});
  for (std::size_t t = 0; t < p.tokens; ++t) {
    for (std::size_t r = 0; r < p.rows; ++r) {
      ASSERT_EQ(y[t * p.rows + r], p.value(t, r)) << t << " " << r;
    }
  }

  test::fill(bias, random);
  set.matmul_i4(w, 0, p.rows, x.view(), {y.data(), p.rows, bias.data(), true});
  for (std::size_t t = 0; t < p.tokens; ++t) {
    for (std::size_t r = 0; r < p.rows; ++r) {
      ASSERT_EQ(y[t * p.rows + r], p.value(t, r) + (p.value(t, r) + bias[r]));
    }
  }

  // With B z, B being zeros but for a diagonal of ones, scaled by 2: rank r adds 2 z_r to row r.
  const std::size_t ranks = std::min<std::size_t>(p.rows, 1 + random.below(40));
  Guarded<std::int8_t> b(set.layout.i8.packed_bytes(p.rows, ranks), 64);
  Guarded<std::uint16_t> b_scale(set.layout.i8.padded_rows(p.rows));
  for (std::size_t r = 0; r < p.rows; ++r) {
    std::vector<std::int8_t> row(ranks);
    if (r < ranks) {
      row[r] = 1;
    }
    pack_row_i8(set.layout.i8, row.data(), r, ranks, b.data());
    b_scale[r] = f32_to_f16(2);
  }
  test::Quantized z(p.tokens, ranks, set.layout.x);
  std::vector<std::int8_t> z_values(p.tokens * ranks);
  for (std::size_t t = 0; t < p.tokens; ++t) {
    z.scale(t) = static_cast<float>(random.uniform());
    for (std::size_t j = 0; j < ranks; ++j) {
      z_values[t * ranks + j] = static_cast<std::int8_t>(static_cast<int>(random.below(255)) - 127);
    }
  }
  z.place(z_values, ranks);
  const LowRankUp up{{p.rows, ranks, b.data(), b_scale.data()}, z.view()};
  set.matmul_i4(w, 0, middle, x.view(), {y.data(), p.rows, nullptr, false, &up});
  set.matmul_i4(w, middle, p.rows, x.view(), {y.data(), p.rows, nullptr, false, &up});
  for (std::size_t t = 0; t < p.tokens; ++t) {
    for (std::size_t r = 0; r < p.rows; ++r) {
      const float q = r < ranks ? z_values[t * ranks + r] : 0.0f;
      ASSERT_EQ(y[t * p.rows + r], p.value(t, r) + q * (z.scale(t) * 2));
    }
  }
}

TEST_P(MatmulI4, GivesTheExactValuesOnRandomShapes) {
  Random random(13);
  for (int round = 0; round < 1000; ++round) {
    const std::size_t rows = 1 + random.below(70);
    const std::size_t inputs = 1 + random.below(round % 10 == 0 ? 600 : 100);
    check(set(), Problem(random, rows, inputs, 1 + random.below(17)), random);
    if (HasFatalFailure()) {
      return;
    }
  }
}

TEST_P(MatmulI4, GivesTheExactValuesOfLongRows) {
  Random random(14);
  for (std::size_t inputs : {2047, 2048, 4100, 8191}) {
    check(set(), Problem(random, 37, inputs, 1 + random.below(14)), random);
  }
}

CRAYON_FOR_EVERY_SET(MatmulI4);

}  // namespace
}  // namespace crayon::kernels
