#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "runtime/adapters/adapters.h"

namespace crayon::adapters {

/// LoGo (Lee et al. 2026, "LoRA on the Go"), in its form that measures norms: an adapter counts by
/// how strongly it answers. The prompts run through the untouched base; score n is the mean over
/// them of the length of s B A x, the outputs of all projections that adapter n changes in the
/// last adapted block one behind the other, at the prompt's last token x. The `top_k` best share
/// the weight 1 in proportion to their scores. The paper does so for every question; here the
/// user's examples give one blend. Throws bad_argument without prompts, and context_full for one
/// that is too long.
Blend logo_rule(const model::Model& model, std::span<const formats::AdapterSource> pool,
                std::span<const std::vector<model::Token>> prompts, std::size_t top_k);

}  // namespace crayon::adapters
