#pragma once

#include <cstddef>
#include <span>

#include "runtime/adapters/adapters.h"

namespace crayon::adapters {

// Rules that Crayon's own, crayon_rule(), is measured against. They take the same embeddings
// [examples][query_dim] and indicators [adapters][query_dim], and give the same scores.

/// All weight to the adapter with the best score; to the first of equal ones.
Blend nearest_rule(std::span<const float> embeddings, std::span<const float> indicators,
                   std::size_t query_dim);

/// Weight 1 / adapters each, whatever the examples.
Blend uniform_rule(std::size_t adapters);

}  // namespace crayon::adapters
