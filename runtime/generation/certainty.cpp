#include "runtime/generation/certainty.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "runtime/generation/portable_exp.h"

namespace crayon::generation {

Certainty certainty(std::span<const float> logits) {
  if (logits.empty()) {
    throw Error(Code::bad_argument, "there are no logits to look at");
  }
  constexpr double none = -std::numeric_limits<double>::infinity();
  double best = none;
  double second = none;
  for (const float logit : logits) {
    const auto value = static_cast<double>(logit);
    if (value > best) {  // never for NaN
      second = best;
      best = value;
    } else if (value > second) {
      second = value;
    }
  }
  if (!std::isfinite(best)) {
    return {.entropy = std::log(static_cast<double>(logits.size())), .margin = 0};
  }

  // With e_i = exp(x_i - best): H = log(sum e) - sum(e_i (x_i - best)) / sum e.
  double sum = 0;
  double weighted = 0;
  for (const float logit : logits) {
    const double below = static_cast<double>(logit) - best;
    if (const double weight = portable_exp(below); weight > 0) {
      sum += weight;
      weighted += weight * below;
    }
  }
  return {.entropy = std::log(sum) - weighted / sum,
          .margin = (1.0 - portable_exp(second - best)) / sum};
}

}  // namespace crayon::generation
