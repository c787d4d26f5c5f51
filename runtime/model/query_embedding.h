#pragma once

#include <span>
#include <vector>

#include "runtime/model/weights.h"

namespace crayon::model {

/// What Model::query_embeddings() promises, for texts of one or more ids in range.
std::vector<float> mean_queries(const Weights& weights,
                                std::span<const std::span<const Token>> texts);

}  // namespace crayon::model
