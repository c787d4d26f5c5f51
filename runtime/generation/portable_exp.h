#pragma once

namespace crayon::generation {

/// Two numbers side by side, which every processor here takes in one register.
using Pair = double __attribute__((vector_size(16)));

/// exp(x) for x <= 0 with additions and multiplications only, so that every machine gives the
/// same bits; libm's exp may differ in the last one, and then a sampled token could. Relative
/// error below 1e-15; 0 below -708, where results would be subnormal; 0 for NaN.
double portable_exp(double x);

/// The same of both, to the bit.
Pair portable_exp(Pair x);

}  // namespace crayon::generation
