#pragma once

#include <string>

#include "runtime/generation/generator.h"

namespace crayon::hybrid {

/// The signal that decides: how sure the local model was of its answer, 0 to 1. It is the
/// geometric mean of its tokens' probabilities, which a longer answer does not lower as such.
/// Replace this function to try another signal; nothing else knows where the number comes from.
double local_score(const generation::Generated& answer);

struct Decision {
  bool offload;
  std::string reason;  ///< one phrase
};

/// Whether a local answer of this score should be offered to the remote model.
Decision decide(double score, double threshold);

}  // namespace crayon::hybrid
