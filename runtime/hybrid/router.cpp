#include "runtime/hybrid/router.h"

#include <fmt/format.h>

namespace crayon::hybrid {

double local_score(const generation::Generated& answer) {
  return answer.confidence();
}

Decision decide(double score, double threshold) {
  if (score >= threshold) {
    return {.offload = false, .reason = "confident"};
  }
  return {.offload = true, .reason = fmt::format("score {:.3f} below {:.3f}", score, threshold)};
}

}  // namespace crayon::hybrid
