// e^x = 2^k e^r with k = round(x / ln 2) and |r| <= ln 2 / 2 (Cody and Waite 1980). The polynomial
// for e^r is fitted for least relative error, 3.1e-9; with roundings the result is within 1 ulp
// on [-87, 88.3]. V is a register of 128, 256 or 512 bits.

template <typename V>
struct ExpParts {
  V power;    // e^r
  V shifted;  // k in the low bits
};

template <typename V>
[[gnu::always_inline]] inline ExpParts<V> exp_parts(V x) {
  // 1.5 * 2^23: a float near it has no bits behind the point, so adding it rounds to nearest
  // even and leaves k in the low bits.
  const V round_to_integer = splat<V>(12582912.0f);
  // ln 2 in two parts; the first has 9 bits, so that k times it is exact.
  constexpr float ln2_high = 0.693359375f;
  constexpr float ln2_low = -0.000212194442f;

  const V shifted = fma(x, splat<V>(1.44269502f), round_to_integer);
  const V k = shifted - round_to_integer;
  const V r = fma(k, splat<V>(-ln2_low), fma(k, splat<V>(-ln2_high), x));
  // Estrin's scheme: half as deep as Horner's. On ARM, where the addend of a fused product is
  // overwritten, each sum with a constant costs a copy of it besides; here there are two.
  const V square = r * r;
  const V high = fma(splat<V>(0.00138145383f), square,
                     fma(splat<V>(0.00836874545f), r, splat<V>(0.041668389f)));
  const V low = fma(splat<V>(0.166665211f), r, splat<V>(0.49999994f));
  return {fma(fma(high, square, low), square, r) + 1.0f, shifted};
}

template <typename V>
using BitsOf = decltype(V{} < V{});

template <typename V>
[[gnu::always_inline]] inline V times_2_to_k(const ExpParts<V>& parts) {
  const auto one = __builtin_bit_cast(BitsOf<V>, splat<V>(1.0f));
  const auto bits = (__builtin_bit_cast(BitsOf<V>, parts.shifted) << 23) + one;
  return parts.power * __builtin_bit_cast(V, bits);
}

// Bounds at which k is -127 and 128: the bits of "2^k" are then those of 0 and of infinity.
constexpr float exp_lowest = -88.0f;
constexpr float exp_highest = 88.7f;

/// e^x; 0 below -87.7, infinity above 88.4; of NaN, NaN.
template <typename V>
[[gnu::always_inline]] inline V exp(V x) {
  return times_2_to_k(exp_parts(larger(splat<V>(exp_lowest), smaller(splat<V>(exp_highest), x))));
}

/// The same for x <= 0.
template <typename V>
[[gnu::always_inline]] inline V exp_of_negative(V x) {
  return times_2_to_k(exp_parts(larger(splat<V>(exp_lowest), x)));
}
