#pragma once

#include <span>
#include <vector>

#include "runtime/model/weights.h"

namespace crayon::model {

/// What Model::query_embedding() promises, for one or more ids in range: [query_dim].
std::vector<float> mean_query(const Weights& weights, std::span<const Token> tokens);

}  // namespace crayon::model
