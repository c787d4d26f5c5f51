#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "kernels/kernel_set.h"
#include "tests/kernels/arrays.h"
#include "tests/kernels/quantized.h"
#include "tests/kernels/sets.h"

namespace crayon::kernels {
namespace {

using test::fill;
using test::Guarded;

class Quantize : public test::EverySet {
 protected:
  /// The quantised row of one token alone.
  std::vector<int> quantize(const std::vector<float>& x, float& scale) const {
    test::Quantized q(1, x.size(), set().layout.x);
    set().quantize_i8(x.data(), x.size(), 0, q.view());
    std::vector<int> row;
    for (std::size_t c = 0; c < q.view().inputs; ++c) {
      row.push_back(q.at(0, c));
    }
    scale = q.scale(0);
    return row;
  }
};

TEST_P(Quantize, RoundsToNearestEvenAndKeepsTheSums) {
  Random random(32);
  for (std::size_t n = 1; n < 200; ++n) {
    const std::size_t tokens = 1 + random.below(20);
    Guarded<float> x(tokens * n);
    fill(x, random, std::ldexp(1.0, static_cast<int>(n) / 2 - 60));
    test::Quantized q(tokens, n, set().layout.x);
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t c = 0; c < q.view().inputs; ++c) {
        q.at(t, c) = 99;
      }
      set().quantize_i8(x.data() + t * n, n, t, q.view());
    }
    for (std::size_t t = 0; t < tokens; ++t) {
      const std::span<const float> row(x.data() + t * n, n);
      float largest = 0;
      for (const float value : row) {
        largest = std::max(largest, std::abs(value));
      }
      ASSERT_EQ(q.scale(t), largest / 127.0f);
      std::vector<std::int32_t> sums(q.view().inputs / group_inputs);
      for (std::size_t c = 0; c < q.view().inputs; ++c) {
        const float steps = c < n ? row[c] * (127.0f / largest) : 0.0f;
        ASSERT_EQ(q.at(t, c), static_cast<int>(std::nearbyint(steps))) << t << " " << c;
        sums[c / group_inputs] += q.at(t, c);
      }
      for (std::size_t g = 0; g < sums.size(); ++g) {
        ASSERT_EQ(q.group_sum(t, g), sums[g]);
        q.view().sum[t] -= sums[g];
      }
      ASSERT_EQ(q.view().sum[t], 0);
    }
  }
}

TEST_P(Quantize, TiesGoToEven) {
  float scale = 0;
  std::vector<int> row =
      quantize({127.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, -127.0f, 126.5f}, scale);
  EXPECT_EQ(scale, 1.0f);
  row.resize(9);
  EXPECT_EQ(row, (std::vector<int>{127, 0, 2, 2, 0, -2, -2, -127, 126}));
}

TEST_P(Quantize, RowsThatHaveNoScaleAreZeros) {
  const auto is_zero = [](const std::vector<int>& row) {
    return std::ranges::all_of(row, [](int value) { return value == 0; });
  };
  float scale = 1;
  for (const std::vector<float>& x : {std::vector<float>{0.0f, -0.0f, 0.0f}, {1e-31f, 0.0f}}) {
    EXPECT_TRUE(is_zero(quantize(x, scale)));
    EXPECT_EQ(scale, 0.0f);
  }
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    for (std::size_t at = 0; at < 11; ++at) {
      std::vector<float> x(11, 1.0f);
      x[at] = bad;
      EXPECT_TRUE(is_zero(quantize(x, scale)));
      EXPECT_TRUE(std::isnan(scale));
    }
  }
}

TEST_P(Quantize, HoldsTheLargestAndTheSmallestRows) {
  float scale = 0;
  std::vector<int> row = quantize({1.5e-30f, -1.5e-30f}, scale);
  EXPECT_EQ(scale, 1.5e-30f / 127.0f);
  EXPECT_EQ(row[0], 127);
  EXPECT_EQ(row[1], -127);
  row = quantize({3.4e38f, -1.7e38f}, scale);
  EXPECT_EQ(scale, 3.4e38f / 127.0f);
  EXPECT_EQ(row[0], 127);
  EXPECT_EQ(row[1], -64);
}

TEST_P(Quantize, AStaticRangeSaturatesWhatIsBeyondIt) {
  Random random(33);
  constexpr float range = 0.75f;
  for (std::size_t n = 1; n < 200; ++n) {
    const std::size_t tokens = 1 + random.below(20);
    Guarded<float> x(tokens * n);
    fill(x, random, 1.0);
    test::Quantized q(tokens, n, set().layout.x);
    for (std::size_t t = 0; t < tokens; ++t) {
      set().quantize_static_i8(x.data() + t * n, n, range, t, q.view());
    }
    for (std::size_t t = 0; t < tokens; ++t) {
      ASSERT_EQ(q.scale(t), range / 127.0f);
      std::vector<std::int32_t> sums(q.view().inputs / group_inputs);
      for (std::size_t c = 0; c < q.view().inputs; ++c) {
        const float value = c < n ? std::clamp(x.data()[t * n + c], -range, range) : 0.0f;
        ASSERT_EQ(q.at(t, c), static_cast<int>(std::nearbyint(value * (127.0f / range))));
        sums[c / group_inputs] += q.at(t, c);
      }
      for (std::size_t g = 0; g < sums.size(); ++g) {
        ASSERT_EQ(q.group_sum(t, g), sums[g]);
        q.view().sum[t] -= sums[g];
      }
      ASSERT_EQ(q.view().sum[t], 0);
    }
  }
}

TEST_P(Quantize, AStaticRangeThatIsTheLargestGivesTheBitsOfATokensOwn) {
  Random random(34);
  for (std::size_t n = 1; n < 100; ++n) {
    std::vector<float> x(n);
    for (float& value : x) {
      value = static_cast<float>(random.below(2001)) / 1000.0f - 1.0f;
    }
    x[random.below(n)] = -1.0f;
    test::Quantized own(1, n, set().layout.x), fixed(1, n, set().layout.x);
    set().quantize_i8(x.data(), n, 0, own.view());
    set().quantize_static_i8(x.data(), n, 1.0f, 0, fixed.view());
    ASSERT_EQ(own.scale(0), fixed.scale(0));
    for (std::size_t c = 0; c < own.view().inputs; ++c) {
      ASSERT_EQ(own.at(0, c), fixed.at(0, c));
    }
  }
}

TEST_P(Quantize, AStaticRangeDoesNotHideWhatIsNoNumber) {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    for (std::size_t at = 0; at < 43; ++at) {
      std::vector<float> x(43, 1.0f);
      x[at] = bad;
      test::Quantized q(1, x.size(), set().layout.x);
      set().quantize_static_i8(x.data(), x.size(), 1.0f, 0, q.view());
      EXPECT_TRUE(std::isnan(q.scale(0)));
    }
  }
}

CRAYON_FOR_EVERY_SET(Quantize);

}  // namespace
}  // namespace crayon::kernels
