#include "runtime/adapters/query.h"

namespace crayon::adapters {

std::span<const float> Query::embedding(formats::Embedding kind) {
  for (const auto& [known, values] : known_) {
    if (known == kind) {
      return values;
    }
  }
  known_.emplace_back(kind, model_.embedding(tokens_, kind));
  return known_.back().second;
}

}  // namespace crayon::adapters
