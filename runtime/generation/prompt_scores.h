#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "runtime/generation/generated.h"
#include "runtime/generation/generator.h"

namespace crayon::generation {

/// How likely the model finds a text as it stands: of each token but the first, its log-probability
/// behind those before it, with the `alternatives` likeliest in its place: [tokens - 1]. Costs one
/// prefill in a session of its own. Throws as Generator::generate() does.
std::vector<Chosen> score_prompt(const model::Model& model, const Prompt& prompt,
                                 std::size_t alternatives);

}  // namespace crayon::generation
