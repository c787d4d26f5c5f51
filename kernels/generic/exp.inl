// e^x = 2^k e^r with k = round(x / ln 2) and |r| <= ln 2 / 2 (Cody and Waite 1980). The polynomial
// for e^r is fitted for least relative error, 3.1e-9; with roundings the result is within 1 ulp
// on [-87, 88.72]. Below -87, where floats soon turn subnormal, it is 0; above 88.72 infinity;
// of NaN it is NaN.
[[gnu::always_inline]] inline f32v exp(f32v x) {
  // 1.5 * 2^23: a float near it has no bits behind the point, so adding it rounds to nearest
  // even and leaves k in the low bits.
  constexpr float round_to_integer = 12582912.0f;
  constexpr float lowest = -87.0f;
  constexpr float highest = 88.7228317f;  // the largest float whose e^x is finite
  // ln 2 in two parts; the first has 9 bits, so that k times it is exact.
  constexpr float ln2_high = 0.693359375f;
  constexpr float ln2_low = -0.000212194442f;

  const f32v shifted = fma(x, splat(1.44269502f), splat(round_to_integer));
  const f32v k = shifted - round_to_integer;
  const f32v r = fma(k, splat(-ln2_low), fma(k, splat(-ln2_high), x));
  f32v q = fma(splat(0.00138145383f), r, splat(0.00836874545f));
  q = fma(q, r, splat(0.041668389f));
  q = fma(q, r, splat(0.166665211f));
  q = fma(q, r, splat(0.49999994f));
  const f32v power = fma(r * r, q, r) + 1.0f;
  // Adding k to the exponent field multiplies by 2^k.
  const f32v result = from_bits(bits_of(power) + (bits_of(shifted) << 23));
  // Not "x > highest": NaN then takes the branch to infinity, and stays NaN there.
  const f32v bounded = choose(x <= highest, result, x * __builtin_inff());
  return choose(x < lowest, f32v{}, bounded);
}
