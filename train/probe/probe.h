#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace crayon::train {

/// A linear router: sigmoid(weight . x + bias) is the chance that the local answer is right.
struct Probe {
  torch::Tensor weight;  ///< [dim]
  double bias = 0;

  /// features [examples][dim] -> [examples]
  torch::Tensor scores(const torch::Tensor& features) const;
};

/// Logistic regression with an L2 penalty on standardised features, by Newton's method; the
/// standardisation is folded into the result. features [examples][dim], labels [examples] of 0
/// and 1. Throws bad_argument when all labels are the same.
Probe fit_probe(const torch::Tensor& features, const torch::Tensor& labels, double penalty);

/// Scores of every example by a probe that was fitted without it: `folds` parts, each scored by a
/// probe of the others. [examples]
torch::Tensor held_out_scores(const torch::Tensor& features, const torch::Tensor& labels,
                              double penalty, std::int64_t folds, std::uint64_t seed);

/// Chance that a right answer scores above a wrong one (area under the ROC curve).
double auc(const torch::Tensor& scores, const torch::Tensor& labels);

}  // namespace crayon::train
