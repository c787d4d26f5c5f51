#pragma once

#include <span>

namespace crayon::generation {

/// How sure a model is of one token, from its logits. A router can go by it before anything has
/// been generated.
struct Certainty {
  double entropy = 0;  ///< of softmax(logits), in nats: 0 is sure, log(vocab) knows nothing
  double margin = 0;   ///< probability of the best token less that of the second, 0 to 1
};

/// NaN logits count as minus infinity, as everywhere. Throws bad_argument for no logits.
Certainty certainty(std::span<const float> logits);

}  // namespace crayon::generation
