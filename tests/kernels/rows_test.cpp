#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "kernels/kernel_set.h"
#include "tests/kernels/arrays.h"
#include "tests/kernels/sets.h"

namespace crayon::kernels {
namespace {

using test::bits;
using test::fill;
using test::Guarded;
using test::scalar;
using test::span;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

class Rows : public test::EverySet {};

TEST_P(Rows, AxpyRoundsOnce) {
  Random random(21);
  for (std::size_t n = 0; n < 100; ++n) {
    Guarded<float> x(n), y(n);
    fill(x, random);
    fill(y, random);
    std::vector<float> expected;
    for (std::size_t i = 0; i < n; ++i) {
      expected.push_back(std::fma(0.7f, x[i], y[i]));
    }
    set().axpy_f32(0.7f, x.data(), y.data(), n);
    ASSERT_EQ(bits(span(y)), bits(expected)) << n;
  }
}

TEST_P(Rows, RmsNormMatchesDoubleAndScalar) {
  Random random(22);
  for (std::size_t n = 1; n < 100; ++n) {
    Guarded<float> x(n), weight(n), y(n);
    fill(x, random, 3);
    fill(weight, random);
    double squares = 0;
    for (const float value : span(x)) {
      squares += static_cast<double>(value) * value;
    }
    const double norm = std::sqrt(squares / static_cast<double>(n) + 1e-5);
    set().rms_norm(x.data(), weight.data(), n, 1e-5f, y.data());
    for (std::size_t i = 0; i < n; ++i) {
      const double exact = x[i] / norm * weight[i];
      ASSERT_NEAR(y[i], exact, std::abs(exact) * 1e-6);
    }
    Guarded<float> in_place(n);
    std::copy(x.begin(), x.end(), in_place.begin());
    scalar().rms_norm(in_place.data(), weight.data(), n, 1e-5f, in_place.data());
    ASSERT_EQ(bits(span(y)), bits(span(in_place))) << n;
  }
}

TEST_P(Rows, SoftmaxMatchesDoubleAndScalar) {
  Random random(23);
  for (std::size_t n = 1; n < 150; ++n) {
    Guarded<float> x(n), same(n);
    fill(x, random, n % 3 == 0 ? 100 : 5);
    std::copy(x.begin(), x.end(), same.begin());
    double max = -INFINITY, total = 0;
    for (const float value : span(x)) {
      max = std::max(max, static_cast<double>(value));
    }
    std::vector<double> exact;
    for (const float value : span(x)) {
      exact.push_back(std::exp(value - max));
      total += exact.back();
    }
    set().softmax(x.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      // x - max itself is rounded, by up to 2^-18 at 64 and above.
      ASSERT_NEAR(x[i], exact[i] / total, exact[i] / total * 1e-5 + 1e-37);
    }
    scalar().softmax(same.data(), n);
    ASSERT_EQ(bits(span(x)), bits(span(same))) << n;
  }
}

TEST_P(Rows, SoftmaxOfMaskedAndOfBrokenRows) {
  std::vector<float> masked = {1.0f, -infinity, 1.0f};
  set().softmax(masked.data(), masked.size());
  EXPECT_EQ(masked, (std::vector<float>{0.5f, 0.0f, 0.5f}));
  for (std::size_t at = 0; at < 21; ++at) {
    std::vector<float> broken(21, 1.0f);
    broken[at] = nan;
    set().softmax(broken.data(), broken.size());
    for (const float value : broken) {
      ASSERT_TRUE(std::isnan(value)) << at;
    }
  }
}

TEST_P(Rows, SiluMatchesDoubleAndScalar) {
  Random random(24);
  for (std::size_t n = 0; n < 100; ++n) {
    Guarded<float> gate(n), up(n), y(n);
    fill(gate, random, n % 3 == 0 ? 80 : 6);
    fill(up, random);
    set().silu_mul(gate.data(), up.data(), y.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      const double exact = gate[i] / (1 + std::exp(-static_cast<double>(gate[i]))) * up[i];
      ASSERT_NEAR(y[i], exact, std::abs(exact) * 1e-6 + 1e-37);
    }
    scalar().silu_mul(gate.data(), up.data(), up.data(), n);
    ASSERT_EQ(bits(span(y)), bits(span(up))) << n;
  }
  const float gate[] = {-1e30f, 1e30f, 0.0f}, up[] = {1.0f, 1.0f, 1.0f};
  float y[3];
  set().silu_mul(gate, up, y, 3);
  EXPECT_EQ(y[0], 0.0f);
  EXPECT_EQ(y[1], 1e30f);
  EXPECT_EQ(y[2], 0.0f);
}

TEST_P(Rows, LayerNormMatchesDoubleAndScalar) {
  Random random(26);
  for (std::size_t n = 1; n < 100; ++n) {
    Guarded<float> x(n), weight(n), bias(n), y(n);
    fill(x, random, 3);
    fill(weight, random);
    fill(bias, random);
    double mean = 0, squares = 0;
    for (const float value : span(x)) {
      mean += static_cast<double>(value) / static_cast<double>(n);
    }
    for (const float value : span(x)) {
      squares += (value - mean) * (value - mean);
    }
    const double norm = std::sqrt(squares / static_cast<double>(n) + 1e-5);
    set().layer_norm(x.data(), weight.data(), bias.data(), n, 1e-5f, y.data());
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_NEAR(y[i], (x[i] - mean) / norm * weight[i] + bias[i], n == 1 ? 1e-4 : 4e-6) << n;
    }
    Guarded<float> in_place(n);
    std::copy(x.begin(), x.end(), in_place.begin());
    scalar().layer_norm(in_place.data(), weight.data(), bias.data(), n, 1e-5f, in_place.data());
    ASSERT_EQ(bits(span(y)), bits(span(in_place))) << n;
  }
}

TEST_P(Rows, SoftCapMatchesDoubleAndScalar) {
  Random random(27);
  for (std::size_t n = 0; n < 100; ++n) {
    Guarded<float> x(n), y(n);
    fill(x, random, n % 3 == 0 ? 500 : 20);
    std::copy(x.begin(), x.end(), y.begin());
    set().soft_cap(y.data(), n, 30.0f);
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_NEAR(y[i], 30 * std::tanh(x[i] / 30.0), 1e-5);
    }
    scalar().soft_cap(x.data(), n, 30.0f);
    ASSERT_EQ(bits(span(x)), bits(span(y))) << n;
  }
  float ends[] = {-infinity, infinity, 0.0f, nan};
  set().soft_cap(ends, 4, 5.0f);
  EXPECT_EQ(ends[0], -5.0f);
  EXPECT_EQ(ends[1], 5.0f);
  EXPECT_EQ(ends[2], 0.0f);
  EXPECT_TRUE(std::isnan(ends[3]));
}

/// The tanh form of GELU.
double gelu(double x) {
  return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

TEST_P(Rows, GeluMatchesDoubleAndScalar) {
  Random random(28);
  for (std::size_t n = 0; n < 100; ++n) {
    Guarded<float> gate(n), up(n), y(n), alone(n);
    fill(gate, random, n % 3 == 0 ? 80 : 4);
    fill(up, random);
    set().gelu_tanh_mul(gate.data(), up.data(), y.data(), n);
    set().gelu_tanh(gate.data(), alone.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      const double exact = gelu(gate[i]);
      ASSERT_NEAR(alone[i], exact, std::abs(exact) * 1e-6 + 1e-6);
      ASSERT_EQ(y[i], alone[i] * up[i]);
    }
    scalar().gelu_tanh(gate.data(), gate.data(), n);
    ASSERT_EQ(bits(span(alone)), bits(span(gate))) << n;
  }
  float ends[] = {-1e30f, 1e30f, 0.0f};
  set().gelu_tanh(ends, ends, 3);
  EXPECT_EQ(ends[0], 0.0f);
  EXPECT_EQ(ends[1], 1e30f);
  EXPECT_EQ(ends[2], 0.0f);
}

TEST_P(Rows, OtherFormsOfGeluMatchDoubleAndScalar) {
  Random random(30);
  for (std::size_t n = 0; n < 100; ++n) {
    Guarded<float> x(n), quick(n), exact(n), expected(n);
    fill(x, random, n % 3 == 0 ? 80 : 4);
    set().gelu_quick(x.data(), quick.data(), n);
    set().gelu_erf(x.data(), exact.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      const double value = x[i];
      const double sigmoid = value / (1 + std::exp(-1.702 * value));
      ASSERT_NEAR(quick[i], sigmoid, std::abs(sigmoid) * 1e-6 + 1e-6);
      ASSERT_NEAR(exact[i], value / 2 * (1 + std::erf(value / std::numbers::sqrt2)), 1e-6);
    }
    scalar().gelu_quick(x.data(), expected.data(), n);
    ASSERT_EQ(bits(span(quick)), bits(span(expected))) << n;
    scalar().gelu_erf(x.data(), expected.data(), n);
    ASSERT_EQ(bits(span(exact)), bits(span(expected))) << n;
  }
  for (const auto gelu : {set().gelu_quick, set().gelu_erf}) {
    float ends[] = {-1e30f, 1e30f, 0.0f};
    gelu(ends, ends, 3);
    EXPECT_EQ(ends[0], 0.0f);
    EXPECT_EQ(ends[1], 1e30f);
    EXPECT_EQ(ends[2], 0.0f);
  }
}

TEST_P(Rows, SiluAloneIsSiluTimesOne) {
  Random random(29);
  Guarded<float> x(37), y(37), product(37);
  fill(x, random, 6);
  const std::vector<float> ones(37, 1.0f);
  set().silu(x.data(), y.data(), 37);
  set().silu_mul(x.data(), ones.data(), product.data(), 37);
  EXPECT_EQ(bits(span(y)), bits(span(product)));
}

TEST_P(Rows, RopeRotatesPairs) {
  Random random(25);
  for (std::size_t half = 0; half < 70; ++half) {
    Guarded<float> x(2 * half), cos(half), sin(half);
    fill(x, random);
    fill(cos, random);
    fill(sin, random);
    std::vector<float> expected(2 * half);
    for (std::size_t i = 0; i < half; ++i) {
      expected[i] = std::fma(-x[half + i], sin[i], x[i] * cos[i]);
      expected[half + i] = std::fma(x[i], sin[i], x[half + i] * cos[i]);
    }
    set().rope_half(x.data(), cos.data(), sin.data(), half);
    ASSERT_EQ(bits(span(x)), bits(expected)) << half;
  }
}

CRAYON_FOR_EVERY_SET(Rows);

}  // namespace
}  // namespace crayon::kernels
