#pragma once

#include <vector>

#include "formats/model_config.h"

namespace crayon::importers {

/// Some GGUF files keep RoPE's scaling as what each frequency is divided by: `factors`
/// [rotated_dim / 2], for the theta and rotated_dim of `config`. Sets Llama 3's parameters, with
/// the low and high frequency factors 1 and 4 that every published model has, when some give
/// these factors; otherwise the factors themselves, as longrope's of a context that is its own
/// original. Throws corrupt for a factor that is no positive number.
void set_rope_factors(formats::ModelConfig& config, const std::vector<float>& factors);

}  // namespace crayon::importers
