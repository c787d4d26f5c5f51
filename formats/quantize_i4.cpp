#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "formats/quantize.h"
#include "formats/tensor.h"

namespace crayon::formats {
namespace {

using Group = std::array<float, i4_group>;

// Sums run in so many interleaved parts, which compilers keep in vectors; a plain sum of floats
// has an order that they must not change.
constexpr std::size_t lanes = 8;
using Lanes = std::array<float, lanes>;

float sum(const Lanes& parts) {
  return ((parts[0] + parts[4]) + (parts[2] + parts[6])) +
         ((parts[1] + parts[5]) + (parts[3] + parts[7]));
}

/// The integer of -8..7 next to x * inverse, halves to even (as in quantize_row_i8).
float nearest(float x, float inverse) {
  constexpr float round = 12582912.0f;
  return (std::max(-8.0f, std::min(7.0f, x * inverse)) + round) - round;
}

/// x.q and q.q: the best scale for these integers is their quotient, and takes (x.q)^2 / q.q off
/// the squared error.
struct Products {
  float xq = 0;
  float qq = 0;
  float gain() const { return qq > 0 ? xq * xq / qq : 0; }
};

/// Of x and the integers next to x * inverse, which go to q.
Products quantize(const Group& x, float inverse, Group& q) {
  Lanes xq{};
  Lanes qq{};
  for (std::size_t i = 0; i < i4_group; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const float integer = nearest(x[i + lane], inverse);
      q[i + lane] = integer;
      xq[lane] += x[i + lane] * integer;
      qq[lane] += integer * integer;
    }
  }
  return {sum(xq), sum(qq)};
}

float squared_error(const Group& x, const Group& q, float scale) {
  Lanes parts{};
  for (std::size_t i = 0; i < i4_group; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const float error = x[i + lane] - scale * q[i + lane];
      parts[lane] += error * error;
    }
  }
  return sum(parts);
}

/// Whether scale times integers of -8..7, which go to q, are x to the bit.
bool is_exact(const Group& x, float scale, Group& q) {
  for (std::size_t i = 0; i < i4_group; ++i) {
    const int integer = static_cast<int>(nearest(x[i], 1.0f / scale));
    q[i] = static_cast<float>(integer);
    if (std::bit_cast<std::uint32_t>(scale * q[i]) != std::bit_cast<std::uint32_t>(x[i])) {
      return false;
    }
  }
  return true;
}

/// The scale that gives back x to the bit, with its integers; 0 when there is none. Numbers that
/// come from blocks of four bits have one, and must not be rounded a second time.
std::uint16_t exact_scale(const Group& x, float largest, Group& q) {
  for (const float reach : {-8.0f, -7.0f, -6.0f, -5.0f, -4.0f, -3.0f, -2.0f, -1.0f, 1.0f, 2.0f,
                            3.0f, 4.0f, 5.0f, 6.0f, 7.0f}) {
    const float scale = largest / reach;
    const std::uint16_t half = f32_to_f16(scale);
    if (f16_to_f32(half) == scale && scale != 0 && is_exact(x, scale, q)) {
      return half;
    }
  }
  return 0;
}

/// Writes the integers of x into q and returns their scale.
std::uint16_t quantize_group(const Group& original, Group& q) {
  float largest = 0;
  for (const float value : original) {
    largest = std::fabs(value) > std::fabs(largest) ? value : largest;
  }
  q.fill(0);
  if (largest == 0) {
    return 0;
  }
  if (const std::uint16_t exact = exact_scale(original, largest, q); exact != 0) {
    return exact;
  }
  // Around 1, so that squares of very small or large numbers are numbers, too.
  const float inverse_largest = 1.0f / largest;
  if (!std::isfinite(inverse_largest)) {
    return 0;  // below the smallest f16 by far
  }
  Group x;
  std::ranges::transform(original, x.begin(), [=](float value) { return value * inverse_largest; });

  // Where the largest number, now 1, may come to lie. With less than the whole range, all steps
  // are coarser and the largest need not be met; with more, it is clipped and they are finer. A
  // grid of 400 places gives errors (squared) that are less than 1 % smaller.
  Products best;
  for (const float reach : {-8.5f, -8.0f, -7.5f, -7.0f, -6.5f, 7.75f, 7.25f, 6.75f, 6.25f}) {
    const Products found = quantize(x, reach, q);
    best = found.gain() > best.gain() ? found : best;
  }

  // The scale is rounded to f16, for which other integers may be nearer, for which another scale
  // may be better.
  float scale = best.xq / best.qq;
  std::uint16_t best_scale = 0;
  float least = squared_error(x, {}, 0);
  Group candidate;
  for (int round = 0; round < 2; ++round) {
    const std::uint16_t half = f32_to_f16(std::clamp(scale * largest, -65504.0f, 65504.0f));
    const float rounded = f16_to_f32(half) * inverse_largest;
    if (rounded == 0) {
      break;
    }
    const Products refit = quantize(x, 1.0f / rounded, candidate);
    const float error = squared_error(x, candidate, rounded);
    if (error < least) {
      least = error;
      best_scale = half;
      q = candidate;
    }
    if (refit.qq == 0) {
      break;
    }
    scale = refit.xq / refit.qq;
  }
  if (best_scale == 0) {
    q.fill(0);
  }
  return best_scale;
}

}  // namespace

void quantize_row_i4(std::span<const float> row, MutableByteSpan out) {
  assert(out.size() == i4_row_bytes(row.size()));
  std::uint8_t* nibbles = out.data();
  std::uint8_t* scales = out.data() + i4_nibble_bytes(row.size());
  for (std::size_t begin = 0; begin < row.size(); begin += i4_group) {
    Group x{};
    std::ranges::copy(row.subspan(begin, std::min(i4_group, row.size() - begin)), x.begin());
    Group q;
    store_le(scales, quantize_group(x, q));
    scales += sizeof(std::uint16_t);
    for (std::size_t j = 0; j < i4_group / 2; ++j) {
      const int low = static_cast<int>(q[j]) + 8;
      const int high = static_cast<int>(q[j + i4_group / 2]) + 8;
      *nibbles++ = static_cast<std::uint8_t>(low | high << 4);
    }
  }
}

void dequantize_row_i4(ByteSpan row, std::span<float> out) {
  assert(row.size() == i4_row_bytes(out.size()));
  const std::uint8_t* const scales = row.data() + i4_nibble_bytes(out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t group = i / i4_group;
    const std::size_t in_group = i % i4_group;
    constexpr std::size_t half = i4_group / 2;
    const std::uint8_t pair = row[group * half + in_group % half];
    const int nibble = in_group < half ? pair & 0x0f : pair >> 4;
    const auto scale = load_le<std::uint16_t>(scales + group * sizeof(std::uint16_t));
    out[i] = f16_to_f32(scale) * static_cast<float>(nibble - 8);
  }
}

}  // namespace crayon::formats
