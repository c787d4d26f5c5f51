#pragma once

#include <span>

#include "runtime/model/model.h"

namespace crayon::model {

/// log(sum(exp(logits))), in double.
double log_sum_exp(std::span<const float> logits);

/// -log softmax(logits)[target], in double.
double negative_log_likelihood(std::span<const float> logits, Token target);

}  // namespace crayon::model
