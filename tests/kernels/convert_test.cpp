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

CRAYON_FOR_EVERY_SET(Convert);

}  // namespace
}  // namespace crayon::kernels
