#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace crayon::model {

/// `vector` scaled to length 1 in `out`, which may be the vector itself; a vector of zeros stays
/// one. The squares are summed and multiplied in double, and rounded once.
template <typename Number>
void scale_to_unit_length(std::span<const Number> vector, float* out) {
  double squares = 0;
  for (const Number value : vector) {
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const double scale = squares > 0 ? 1.0 / std::sqrt(squares) : 0.0;
  std::ranges::transform(vector, out, [scale](Number value) {
    return static_cast<float>(static_cast<double>(value) * scale);
  });
}

}  // namespace crayon::model
