#include "formats/quantize.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace crayon::formats {

float quantize_row_i8(std::span<const float> row, std::span<std::int8_t> out) {
  assert(out.size() == row.size());
  float largest = 0.0f;
  for (const float value : row) {
    largest = std::max(largest, std::fabs(value));
  }
  const float scale = largest / 127.0f;
  // A row whose scale underflows is as good as zeros, and must not be divided by it.
  if (scale == 0.0f) {
    std::fill(out.begin(), out.end(), std::int8_t{0});
    return 0.0f;
  }
  // Adding 1.5 * 2^23 leaves no bits for a fraction, so the sum is rounded to nearest even; unlike
  // nearbyint it is plain arithmetic, which compilers vectorise on every CPU.
  constexpr float round = 12582912.0f;
  for (std::size_t i = 0; i < row.size(); ++i) {
    // A scale near the smallest float is coarse and may push a quotient past 127. The order of
    // the operands also turns a NaN, which callers exclude, into a number.
    const float clamped = std::max(-127.0f, std::min(127.0f, row[i] / scale));
    out[i] = static_cast<std::int8_t>((clamped + round) - round);
  }
  return scale;
}

}  // namespace crayon::formats
