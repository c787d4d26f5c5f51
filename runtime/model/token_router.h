#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/kernel_set.h"

namespace crayon::model {

/// Arrow (Ostapenko et al. 2024): several adapters, the experts, lie one behind the other along
/// the rank of a projection, and every token x chooses among them. Expert n scores |v_n . x|,
/// where v_n is the input direction that its product answers to most; the top_k best scores above
/// 0 share the weight 1 by softmax(score / temperature), the others get none.
struct TokenRouter {
  std::vector<std::uint32_t> bounds;  ///< [experts + 1]: n has the factors bounds[n]..bounds[n+1]
  std::vector<float> directions;      ///< v: [experts][inputs]; zeros: never chosen
  std::uint32_t top_k = 0;
  float temperature = 1.0f;

  std::size_t experts() const { return bounds.empty() ? 0 : bounds.size() - 1; }
  bool empty() const { return experts() == 0; }

  /// Floats of scratch that apply() needs.
  static constexpr std::size_t scratch(std::size_t experts) { return 2 * experts; }

  /// Scales z [rank], what the factors make of the token x [inputs], by the weights of the experts
  /// that they belong to. Factors of no expert stay as they are. `scratch`: of that size.
  void apply(std::span<const float> x, float* z, float* scratch,
             const kernels::KernelSet& kernels) const;

  /// Throws bad_shape, naming `owner`, unless it is empty or fits so many factors and inputs.
  void check(std::uint32_t rank, std::size_t inputs, const std::string& owner) const;
};

}  // namespace crayon::model
