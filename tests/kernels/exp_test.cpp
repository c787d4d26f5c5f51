#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace crayon::kernels {
namespace {

#include "kernels/generic/vector.inl"

f32v fma(f32v a, f32v b, f32v c) {
  f32v value;
  for (int lane = 0; lane < lanes; ++lane) {
    value[lane] = std::fma(a[lane], b[lane], c[lane]);
  }
  return value;
}

f32v larger(f32v a, f32v b) {
  return choose(a > b, a, b);
}

f32v smaller(f32v a, f32v b) {
  return choose(a < b, a, b);
}

#include "kernels/generic/exp.inl"

float exp_of(float x) {
  return exp(splat(x))[0];
}

/// The distance of `value` from `exact` in units of the last place of `exact` as a float.
double ulps(float value, double exact) {
  const double unit = std::ldexp(1.0, std::ilogb(exact) - 23);
  return std::abs(value - exact) / unit;
}

TEST(Exp, IsWithinOneUlp) {
  double worst = 0;
  float worst_at = 0;
  const auto check = [&](float x) {
    const double error = ulps(exp_of(x), std::exp(static_cast<double>(x)));
    if (error > worst) {
      worst = error;
      worst_at = x;
    }
  };
  // Every 1999th float of both signs, and a fine even grid.
  const auto last = std::bit_cast<std::uint32_t>(88.3f);
  for (std::uint32_t bits = 0; bits <= last; bits += 1999) {
    check(std::bit_cast<float>(bits));
    check(std::max(-87.0f, -std::bit_cast<float>(bits)));
  }
  for (int i = -87 * 4096; i <= 88 * 4096; ++i) {
    check(static_cast<float>(i) / 4096.0f);
  }
  RecordProperty("worst_ulps", std::to_string(worst));
  EXPECT_LE(worst, 1.0) << "at " << worst_at;
}

TEST(Exp, HasExactEnds) {
  EXPECT_EQ(exp_of(0.0f), 1.0f);
  EXPECT_EQ(exp_of(-0.0f), 1.0f);
  EXPECT_GT(exp_of(-87.0f), 0.0f);
  EXPECT_TRUE(std::isfinite(exp_of(88.3f)));
  for (const float x : {-87.7f, -88.0f, -100.0f, -1e3f, -1e10f, -3e38f, -INFINITY}) {
    EXPECT_EQ(exp_of(x), 0.0f) << x;
    EXPECT_EQ(exp_of_negative(splat(x))[0], 0.0f) << x;
  }
  for (const float x : {88.4f, 89.0f, 1e3f, 1e10f, 3e38f, INFINITY}) {
    EXPECT_EQ(exp_of(x), INFINITY) << x;
  }
  for (float x = -90.0f; x <= 0.0f; x += 0.37f) {
    EXPECT_EQ(exp_of_negative(splat(x))[0], exp_of(x)) << x;
  }
  EXPECT_TRUE(std::isnan(exp_of_negative(splat(NAN))[0]));
  EXPECT_TRUE(std::isnan(exp_of(NAN)));
}

}  // namespace
}  // namespace crayon::kernels
