#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "runtime/eval/windows.h"

namespace crayon::eval {

/// How far the residual stream behind a layer is from the reference's.
struct LayerDeviation {
  double relative = 0;  ///< root of the sum of squared differences by that of squares
  double largest = 0;   ///< magnitude of a difference
};

/// A model beside its reference, over the tokens that are predicted and count.
struct Comparison {
  std::uint64_t tokens = 0;
  double reference_perplexity = 0;
  double perplexity = 0;
  /// Kullback-Leibler divergence of the next token's distribution from the reference's, in nats:
  /// sum p_ref (log p_ref - log p).
  double kl_mean = 0, kl_median = 0, kl_p99 = 0, kl_largest = 0;
  double same_top = 0;  ///< share of positions where both find the same token most probable
  std::vector<LayerDeviation> layers;  ///< [layers]; empty where the models have different shapes
};

/// A model with a session of its own that nobody else uses meanwhile.
struct Subject {
  const model::Model* model;
  model::Session* session;
};

/// Runs both over the same windows of `sequences`. Throws bad_argument for vocabularies of
/// different sizes, and what perplexity() does.
Comparison compare(const Subject& reference, const Subject& other,
                   std::span<const Sequence> sequences, Cut cut,
                   const std::function<void(double)>& progress);

}  // namespace crayon::eval
