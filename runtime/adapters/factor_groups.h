#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "formats/model_source.h"
#include "runtime/adapters/adapters.h"

namespace crayon::adapters {

/// One factor pair of a sum, with what it is multiplied with.
struct Term {
  const formats::SourceLora* factor;
  float scale;                          ///< adapter scale x weight
  const formats::ExpertsInfo* experts;  ///< or null
};

/// Factors of the same projection of the same layer, in the order of the parts.
struct FactorGroup {
  std::uint32_t layer;
  formats::Projection projection;
  std::vector<Term> terms;

  std::uint32_t rank() const;
  /// A of every term, one below the other: [rank][inputs]. The memory of `a` is used again.
  void stack_a(std::vector<float>& a) const;
  /// B of every term, side by side: [outputs][rank]. `scaled`: times the term's scale.
  void stack_b(std::vector<float>& b, bool scaled) const;
};

/// What is left of the parts whose weight and scale are not 0, by layer and projection, in the
/// order of the computation. Throws bad_argument for a weight or scale that is not finite.
std::vector<FactorGroup> group_factors(std::span<const Part> parts);

}  // namespace crayon::adapters
