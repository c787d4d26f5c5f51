#include "runtime/adapters/rules/simple_rules.h"

#include <algorithm>

namespace crayon::adapters {

Blend nearest_rule(std::span<const float> embeddings, std::span<const float> indicators,
                   std::size_t query_dim) {
  Blend blend = crayon_rule(embeddings, indicators, query_dim, 1.0f);  // for its scores
  const auto best = std::ranges::max_element(blend.scores) - blend.scores.begin();
  blend.weights.assign(blend.scores.size(), 0.0f);
  blend.weights[static_cast<std::size_t>(best)] = 1.0f;
  return blend;
}

Blend uniform_rule(std::size_t adapters) {
  Blend blend;
  blend.weights.assign(adapters, 1.0f / static_cast<float>(adapters));
  return blend;
}

}  // namespace crayon::adapters
