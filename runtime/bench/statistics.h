#pragma once

#include <span>
#include <vector>

namespace crayon::bench {

/// The value that a share `q` (0 to 1) of the values do not exceed, between neighbours in
/// proportion; 0 of no values.
double quantile(std::vector<double> values, double q);

double median(std::vector<double> values);

double mean(std::span<const double> values);

/// Standard deviation of a sample: with n - 1; 0 of fewer than two values.
double deviation(std::span<const double> values);

}  // namespace crayon::bench
