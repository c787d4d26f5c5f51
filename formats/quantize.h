#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace crayon::formats {

/// Symmetric int8, round to nearest even, -127..127: row[i] ~ scale * out[i]. Returns the scale
/// (max|row| / 127), 0 for a row of zeros. `out` has row.size() elements.
float quantize_row_i8(std::span<const float> row, std::span<std::int8_t> out);

/// One row as the i4 of a bundle (tensor.h), `out` having i4_row_bytes(row.size()) bytes. Numbers
/// are finite and no larger than largest_i4. A group that is an f16 times integers of -8..7 comes
/// back to the bit, so what GGUF's Q4_0 holds loses nothing. Otherwise the scales are sought for
/// the least squared error of their group; they may be below 0, because -8 has no counterpart and a
/// group's largest number may have either sign.
void quantize_row_i4(std::span<const float> row, MutableByteSpan out);

/// 8 x the largest f16: what a group can reach.
inline constexpr float largest_i4 = 8.0f * 65504.0f;

/// The inverse: a stored row as floats; `row` has i4_row_bytes(out.size()) bytes.
void dequantize_row_i4(ByteSpan row, std::span<float> out);

}  // namespace crayon::formats
