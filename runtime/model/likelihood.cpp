#include "runtime/model/likelihood.h"

#include <algorithm>
#include <cmath>

namespace crayon::model {

double log_sum_exp(std::span<const float> logits) {
  const double best = static_cast<double>(*std::ranges::max_element(logits));
  double sum = 0;
  for (const float logit : logits) {
    sum += std::exp(static_cast<double>(logit) - best);
  }
  return best + std::log(sum);
}

double negative_log_likelihood(std::span<const float> logits, Token target) {
  return log_sum_exp(logits) - static_cast<double>(logits[static_cast<std::size_t>(target)]);
}

}  // namespace crayon::model
