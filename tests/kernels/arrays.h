#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "tests/kernels/guarded.h"

namespace crayon::test {

/// Fills an array with numbers in [-range, range), the same on every machine.
inline void fill(Guarded<float>& array, Random& random, double range = 1) {
  for (float& value : array) {
    value = static_cast<float>((2 * random.uniform() - 1) * range);
  }
}

inline std::vector<std::uint32_t> bits(std::span<const float> values) {
  std::vector<std::uint32_t> result;
  for (const float value : values) {
    result.push_back(std::bit_cast<std::uint32_t>(value));
  }
  return result;
}

inline std::span<const float> span(const Guarded<float>& array) {
  return {array.data(), array.size()};
}

/// The dot product in the order that docs/kernels.md promises, written without vectors.
inline float ordered_dot(const float* x, const float* y, std::size_t n) {
  float p[8] = {};
  for (std::size_t i = 0; i < n; ++i) {
    p[i % 8] = std::fma(x[i], y[i], p[i % 8]);
  }
  return ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]));
}

}  // namespace crayon::test
