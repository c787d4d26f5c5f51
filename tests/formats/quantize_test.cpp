#include "formats/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/half.h"
#include "base/random.h"
#include "formats/tensor.h"

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

std::vector<float> through_i4(const std::vector<float>& row) {
  std::vector<std::uint8_t> stored(i4_row_bytes(row.size()));
  quantize_row_i4(row, stored);
  std::vector<float> out(row.size());
  dequantize_row_i4(stored, out);
  return out;
}

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
  }
  return sum;
}

TEST(QuantizeI4, IntegersTimesAnF16ComeBackAsTheyAre) {
  for (const float scale : {1.0f, -1.0f, 0.25f, 3.0f, 1024.0f}) {
    std::vector<float> row(70);
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = scale * static_cast<float>(static_cast<int>(i * 5 % 16) - 8);
    }
    EXPECT_EQ(through_i4(row), row) << scale;
  }
}

TEST(QuantizeI4, PutsInputsIntoNibblesAndScalesBehindThem) {
  std::vector<float> row(33);
  row[0] = -8;   // group 0, byte 0, low
  row[17] = 7;   // group 0, byte 1, high
  row[32] = -4;  // group 1, byte 0, low: alone, so that its scale is its own
  std::vector<std::uint8_t> stored(i4_row_bytes(row.size()));
  ASSERT_EQ(stored.size(), 36u);
  quantize_row_i4(row, stored);
  EXPECT_EQ(stored[0], 0x80);
  EXPECT_EQ(stored[1], 0xf8);
  EXPECT_EQ(load_le<std::uint16_t>(&stored[32]), 0x3c00);  // 1
  EXPECT_EQ(stored[16] >> 4, 8);
  for (std::size_t i = 17; i < 32; ++i) {
    EXPECT_EQ(stored[i], 0x88) << i;
  }
}

TEST(QuantizeI4, ExtremesStayNumbers) {
  const std::vector<float> zeros(40);
  EXPECT_EQ(through_i4(zeros), zeros);
  for (const float size : {std::numeric_limits<float>::denorm_min(), 1e-40f, 1e-30f, 1e-9f, 3e-8f,
                           1e-6f, 1.0f, 1e5f, largest_i4}) {
    std::vector<float> row(32);
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = size * static_cast<float>(static_cast<int>(i) - 16) / 16.0f;
    }
    const std::vector<float> out = through_i4(row);
    // Never worse than zeros: f16 has no scale for the smallest.
    EXPECT_LE(squared_distance(row, out), squared_distance(row, zeros) * 1.0001) << size;
    if (size >= 1e-6f) {
      EXPECT_LT(squared_distance(row, out), squared_distance(row, zeros) * 0.01) << size;
    }
  }
}

TEST(QuantizeI4, WhatHasFourBitsComesBackToTheBit) {
  Random random(10);
  for (int i = 0; i < 20000; ++i) {
    // Any f16 scale of either sign, and any integers: sparse groups have few places to tell.
    const auto scale = f16_to_f32(static_cast<std::uint16_t>(0x0400 + random.next() % 0x7400)) *
                       (random.next() % 2 == 0 ? 1.0f : -1.0f);
    const auto most = static_cast<int>(random.next() % 9);
    std::vector<float> group(32);
    for (float& value : group) {
      const int integer = most == 0 ? 0 : static_cast<int>(random.next() % (2 * most + 1)) - most;
      value = scale * static_cast<float>(std::min(integer, 7));
    }
    const std::vector<float> out = through_i4(group);
    if (most != 0 && std::ranges::count(group, 0.0f) != 32) {
      EXPECT_EQ(std::memcmp(out.data(), group.data(), 32 * sizeof(float)), 0) << i;
    }
  }
}

// Q4_0's rule: the number with the largest magnitude becomes -8.
double error_of_q4_0(std::span<const float> group) {
  float largest = 0;
  for (const float value : group) {
    largest = std::fabs(value) > std::fabs(largest) ? value : largest;
  }
  const float scale = f16_to_f32(f32_to_f16(largest / -8.0f));
  double sum = 0;
  for (const float value : group) {
    const float q = std::min(7.0f, std::max(-8.0f, std::nearbyint(value / scale)));
    sum += std::pow(static_cast<double>(value) - scale * q, 2);
  }
  return sum;
}

TEST(QuantizeI4, ErrsLessThanTheLargestNumberAlonesRule) {
  Random random(9);
  double ours = 0;
  double theirs = 0;
  for (int i = 0; i < 500; ++i) {
    std::vector<float> group(32);
    for (float& value : group) {
      value = static_cast<float>(random.normal());
    }
    const double error = squared_distance(group, through_i4(group));
    // f16's rounding of a scale may cost a little in a single group, never much.
    EXPECT_LE(error, error_of_q4_0(group) * 1.01);
    ours += error;
    theirs += error_of_q4_0(group);
  }
  EXPECT_LT(ours, 0.91 * theirs);
}

}  // namespace
}  // namespace crayon::formats
