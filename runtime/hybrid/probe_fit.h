#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace crayon::hybrid {

/// A linear classifier: sigmoid(weights . x + bias) is the chance of "right".
struct FittedProbe {
  std::vector<float> weights;  ///< [dim]
  float bias = 0;

  double score(std::span<const float> x) const;
};

/// Logistic regression with an L2 penalty on standardised features, by Newton's method, the
/// standardisation folded into the result. features [n][dim], right [n], at least one of each.
/// The cost is that of min(n, dim)^3.
FittedProbe fit_probe(std::span<const float> features, const std::vector<bool>& right,
                      double penalty);

/// The score of every example by a probe that was fitted to the others: `folds` parts, drawn by
/// `seed`, right and wrong answers alike, each scored by a probe of the other parts. [n]. Throws
/// bad_argument when there are fewer right or wrong answers than folds.
std::vector<double> held_out_scores(std::span<const float> features, const std::vector<bool>& right,
                                    double penalty, std::size_t folds, std::uint64_t seed);

}  // namespace crayon::hybrid
