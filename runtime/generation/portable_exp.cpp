#include "runtime/generation/portable_exp.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace crayon::generation {
namespace {

// ln 2 in two parts: the high one has 33 significant bits, so that k * high is exact.
constexpr double ln2_high = 0x1.62e42feep-1;
constexpr double ln2_low = 0x1.a39ef35793c76p-33;
constexpr double log2_e = 0x1.71547652b82fep+0;

/// 1 / n!
constexpr double inverse_factorial(int n) {
  double product = 1.0;
  for (int factor = 2; factor <= n; ++factor) {
    product *= factor;
  }
  return 1.0 / product;
}

}  // namespace

double portable_exp(double x) {
  if (!(x >= -708.0)) {
    return 0.0;
  }
  // exp(x) = 2^k exp(r), |r| <= ln(2) / 2. The Taylor series to r^13 leaves 4e-18. Its even and
  // odd terms are two chains, which an in-order core can run side by side.
  const double k = std::floor(x * log2_e + 0.5);
  const double r = (x - k * ln2_high) - k * ln2_low;
  const double square = r * r;
  double even = inverse_factorial(12);
  double odd = inverse_factorial(13);
  even = even * square + inverse_factorial(10);
  odd = odd * square + inverse_factorial(11);
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
  const auto exponent = static_cast<std::uint64_t>(1023 + static_cast<std::int64_t>(k));
  return (even + odd * r) * std::bit_cast<double>(exponent << 52);
}

}  // namespace crayon::generation
