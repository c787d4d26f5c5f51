#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/half.h"
#include "kernels/kernel_set.h"
#include "tests/kernels/arrays.h"
#include "tests/kernels/sets.h"

namespace crayon::kernels {
namespace {

using test::fill;
using test::Guarded;

class Convert : public test::EverySet {};

TEST_P(Convert, EveryHalfAsTheBaseDoes) {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) {
    halves[i] = static_cast<std::uint16_t>(i);
  }
  std::vector<float> floats(halves.size());
  std::vector<std::uint16_t> back(halves.size());
  set().f16_to_f32(halves.data(), floats.data(), halves.size());
  set().f32_to_f16(floats.data(), back.data(), floats.size());
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const float expected = crayon::f16_to_f32(halves[i]);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(floats[i]) && std::isnan(crayon::f16_to_f32(back[i]))) << i;
    } else {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(floats[i]), std::bit_cast<std::uint32_t>(expected));
      ASSERT_EQ(back[i], halves[i]);
    }
  }
}

TEST_P(Convert, RoundsToHalvesAsTheBaseDoes) {
  // Around every half, and around the middle between it and the next: where rounding turns.
  std::vector<float> floats;
  for (std::uint32_t half = 0; half < 0x7c00; ++half) {
    const float low = crayon::f16_to_f32(static_cast<std::uint16_t>(half));
    const float high =
        half == 0x7bff ? 65536.0f : crayon::f16_to_f32(static_cast<std::uint16_t>(half + 1));
    for (const float value : {low, (low + high) / 2}) {
      for (const float near : {std::nextafter(value, -1.0f), value, std::nextafter(value, 1e9f)}) {
        floats.push_back(near);
        floats.push_back(-near);
      }
    }
  }
  for (const float value : {1e9f, 1e-9f, 1e-40f, std::numeric_limits<float>::infinity()}) {
    floats.insert(floats.end(), {value, -value});
  }
  std::vector<std::uint16_t> halves(floats.size());
  set().f32_to_f16(floats.data(), halves.data(), floats.size());
  for (std::size_t i = 0; i < floats.size(); ++i) {
    ASSERT_EQ(halves[i], crayon::f32_to_f16(floats[i])) << floats[i];
  }
}

TEST_P(Convert, TailsOfHalvesStayInside) {
  Random random(31);
  for (std::size_t n = 0; n < 40; ++n) {
    Guarded<float> x(n), back(n);
    Guarded<std::uint16_t> halves(n);
    fill(x, random);
    set().f32_to_f16(x.data(), halves.data(), n);
    set().f16_to_f32(halves.data(), back.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(back[i], crayon::f16_to_f32(crayon::f32_to_f16(x[i])));
    }
  }
}

TEST_P(Convert, QuantizesToNearestEven) {
  Random random(32);
  for (std::size_t n = 1; n < 200; ++n) {
    const std::size_t padded = (n + 15) / 16 * 16;
    Guarded<float> x(n);
    Guarded<std::int8_t> q(padded);
    fill(x, random, std::ldexp(1.0, static_cast<int>(n % 200) - 100));
    std::fill(q.begin(), q.end(), std::int8_t{99});
    float largest = 0;
    for (const float value : test::span(x)) {
      largest = std::max(largest, std::abs(value));
    }
    const float scale = set().quantize_i8(x.data(), n, q.data(), padded);
    ASSERT_EQ(scale, largest / 127.0f);
    for (std::size_t i = 0; i < padded; ++i) {
      ASSERT_EQ(q[i], i < n ? static_cast<int>(std::nearbyint(x[i] / scale)) : 0) << i;
    }
  }
}

TEST_P(Convert, QuantizesTiesToEven) {
  const float x[] = {127.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, -127.0f, 126.5f};
  std::int8_t q[9];
  EXPECT_EQ(set().quantize_i8(x, 9, q, 9), 1.0f);
  const std::int8_t expected[] = {127, 0, 2, 2, 0, -2, -2, -127, 126};
  EXPECT_TRUE(std::equal(q, q + 9, expected));
}

TEST_P(Convert, QuantizesRowsThatHaveNoScale) {
  const auto quantize = [&](std::vector<float> x, std::vector<std::int8_t>& q) {
    q.assign(16, 99);
    return set().quantize_i8(x.data(), x.size(), q.data(), q.size());
  };
  const std::vector<std::int8_t> zeros(16);
  std::vector<std::int8_t> q;
  EXPECT_EQ(quantize({}, q), 0.0f);
  EXPECT_EQ(q, zeros);
  EXPECT_EQ(quantize({0.0f, -0.0f, 0.0f}, q), 0.0f);
  EXPECT_EQ(q, zeros);
  EXPECT_EQ(quantize({1e-45f, 0.0f}, q), 0.0f);  // a 127th of it is no float
  EXPECT_EQ(q, zeros);
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    for (std::size_t at = 0; at < 11; ++at) {
      std::vector<float> x(11, 1.0f);
      x[at] = bad;
      EXPECT_TRUE(std::isnan(quantize(x, q)));
      EXPECT_EQ(q, zeros);
    }
  }
  // A scale of few bits: the quotient is far beyond 127, the result is not.
  EXPECT_GT(quantize({1.5e-43f, -1.5e-43f}, q), 0.0f);
  EXPECT_EQ(q[0], 107);
  EXPECT_EQ(q[1], -107);
  EXPECT_EQ(quantize({3.4e38f, -1.7e38f}, q), 3.4e38f / 127.0f);
  EXPECT_EQ(q[0], 127);
  EXPECT_EQ(q[1], -64);
}

CRAYON_FOR_EVERY_SET(Convert);

}  // namespace
}  // namespace crayon::kernels
