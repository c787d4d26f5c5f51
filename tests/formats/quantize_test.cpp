#include "formats/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"

namespace crayon::formats {
namespace {

std::vector<std::int8_t> quantized(const std::vector<float>& row, float* scale = nullptr) {
  std::vector<std::int8_t> out(row.size());
  const float result = quantize_row_i8(row, out);
  if (scale != nullptr) {
    *scale = result;
  }
  return out;
}

TEST(Quantize, MapsTheLargestTo127AndKeepsSigns) {
  float scale = 0;
  EXPECT_EQ(quantized({-254.0f, 127.0f, 2.0f, 0.0f}, &scale),
            (std::vector<std::int8_t>{-127, 64, 1, 0}));
  EXPECT_EQ(scale, 2.0f);
}

TEST(Quantize, RoundsHalvesToEven) {
  // The scale is 1, so the values are the quotients.
  EXPECT_EQ(quantized({127.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 0.49f, 126.5f}),
            (std::vector<std::int8_t>{127, 0, 2, 2, 0, -2, -2, 0, 126}));
}

TEST(Quantize, ZerosHaveScaleZero) {
  float scale = 1;
  EXPECT_EQ(quantized({0.0f, -0.0f, 0.0f}, &scale), (std::vector<std::int8_t>{0, 0, 0}));
  EXPECT_EQ(scale, 0.0f);
  quantized({}, &scale);
  EXPECT_EQ(scale, 0.0f);
}

TEST(Quantize, ExtremesStayInRange) {
  const float largest = std::numeric_limits<float>::max();
  const float smallest = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(quantized({largest, -largest}), (std::vector<std::int8_t>{127, -127}));
  EXPECT_EQ(quantized({smallest, -smallest}), (std::vector<std::int8_t>{0, 0}));
  // A scale of one or a few smallest floats is coarse.
  for (int multiple = 64; multiple < 2000; ++multiple) {
    const float value = smallest * static_cast<float>(multiple);
    for (const std::int8_t q : quantized({value, -value})) {
      EXPECT_GE(q, -127);
    }
  }
}

TEST(Quantize, ErrorIsAtMostHalfAStep) {
  Random random(7);
  for (const std::size_t size : {1u, 3u, 64u, 257u}) {
    std::vector<float> row(size);
    for (float& value : row) {
      value = static_cast<float>(random.normal());
    }
    float scale = 0;
    const std::vector<std::int8_t> q = quantized(row, &scale);
    for (std::size_t i = 0; i < size; ++i) {
      // Half a step, and a little for the rounding of the division and the product.
      EXPECT_LE(std::fabs(row[i] - scale * static_cast<float>(q[i])), scale * 0.50001f);
    }
  }
}

}  // namespace
}  // namespace crayon::formats
