#include "runtime/generation/portable_exp.h"

#include <cstdint>

namespace crayon::generation {
namespace {

using Bits = std::uint64_t __attribute__((vector_size(16)));

// ln 2 in two parts: the high one has 33 significant bits, so that k * high is exact.
constexpr double ln2_high = 0x1.62e42feep-1;
constexpr double ln2_low = 0x1.a39ef35793c76p-33;
constexpr double log2_e = 0x1.71547652b82fep+0;
// A double near it has no bits behind the point: adding it rounds to the nearest integer, and
// leaves that in the low bits.
constexpr double to_integer = 0x1.8p52;

/// 1 / n!
constexpr double inverse_factorial(int n) {
  double product = 1.0;
  for (int factor = 2; factor <= n; ++factor) {
    product *= factor;
  }
  return 1.0 / product;
}

}  // namespace

Pair portable_exp(Pair x) {
  // exp(x) = 2^k exp(r), |r| <= ln(2) / 2. The Taylor series to r^13 leaves 4e-18. Its even and
  // odd terms are two chains, which an in-order core can run side by side.
  const Pair shifted = x * log2_e + to_integer;
  const Pair k = shifted - to_integer;
  const Pair r = (x - k * ln2_high) - k * ln2_low;
  const Pair square = r * r;
  Pair even = square * inverse_factorial(12) + inverse_factorial(10);
  Pair odd = square * inverse_factorial(13) + inverse_factorial(11);
  even = even * square + inverse_factorial(8);
  odd = odd * square + inverse_factorial(9);
  even = even * square + inverse_factorial(6);
  odd = odd * square + inverse_factorial(7);
  even = even * square + inverse_factorial(4);
  odd = odd * square + inverse_factorial(5);
  even = even * square + inverse_factorial(2);
  odd = odd * square + inverse_factorial(3);
  even = even * square + 1.0;
  odd = odd * square + 1.0;
  const auto power = reinterpret_cast<Pair>((reinterpret_cast<Bits>(shifted) + 1023) << 52);
  const auto result = reinterpret_cast<Bits>((even + odd * r) * power);
  return reinterpret_cast<Pair>(result & reinterpret_cast<Bits>(x >= -708.0));  // false for NaN
}

double portable_exp(double x) {
  return portable_exp(Pair{x, x})[0];
}

}  // namespace crayon::generation
