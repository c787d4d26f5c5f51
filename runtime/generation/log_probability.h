#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "formats/tokenizer_data.h"

namespace crayon::generation {

using formats::Token;

/// A logit as all of generation reads it: finite, so that differences are never NaN; a NaN is the
/// least of all.
inline float sanitized(float logit) {
  constexpr float most = std::numeric_limits<float>::max();
  return logit > -most ? std::min(logit, most) : -most;  // a NaN compares false
}

/// The largest of all sanitized() logits; the least number of none.
float largest(std::span<const float> logits);

/// log softmax(logits)[token]. NaN logits count as minus infinity. Throws bad_argument for an id
/// out of range.
double log_probability(std::span<const float> logits, Token token);

struct ScoredToken {
  Token token;
  double log_probability;
};

/// The `count` tokens of the largest logits, or as many as there are, the largest first; of equal
/// ones, the lowest id.
std::vector<ScoredToken> likeliest(std::span<const float> logits, std::size_t count);

}  // namespace crayon::generation
