#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace crayon::adapters {

/// LoraHub's objective and bounds (Huang et al. 2023): weights of either sign, in [-limit, limit],
/// that make loss(weights) + l1 * sum |weight| small.
struct LorahubOptions {
  std::size_t evaluations = 40;  ///< of the loss, at most
  double limit = 1.5;
  double l1 = 0.05;
};

struct LorahubResult {
  std::vector<float> weights;   ///< [adapters], the best that were tried
  double loss = 0;              ///< theirs, without the L1 term
  double base_loss = 0;         ///< that of weights 0
  std::size_t evaluations = 0;  ///< how many it took
};

using LorahubLoss = std::function<double(std::span<const float> weights)>;

/// Searches without gradients, from weights 0 as the paper does, one weight after the other: a
/// step that helps is kept and the next one in that direction is longer, one that does not is
/// taken back and the next one is shorter and turned (Rosenbrock 1960, without his rotations).
/// That is in place of the paper's NGOpt, of which only Python has a form; in a toy of 8 adapters
/// and 40 evaluations it came closer than evolution strategies and the simplex method did. There is
/// no chance in it: the same losses give the same weights. Throws bad_argument without adapters or
/// evaluations.
LorahubResult lorahub_search(std::size_t adapters, const LorahubLoss& loss,
                             const LorahubOptions& options);

}  // namespace crayon::adapters
