#pragma once

#include <cstdint>
#include <span>

namespace crayon::formats {

/// Symmetric int8, round to nearest even, -127..127: row[i] ~ scale * out[i]. Returns the scale
/// (max|row| / 127), 0 for a row of zeros. `out` has row.size() elements.
float quantize_row_i8(std::span<const float> row, std::span<std::int8_t> out);

}  // namespace crayon::formats
