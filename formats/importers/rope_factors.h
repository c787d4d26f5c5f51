#pragma once

#include <optional>
#include <span>

#include "formats/model_config.h"

namespace crayon::importers {

/// GGUF keeps Llama 3's RoPE scaling as what each frequency is divided by: `factors`
/// [head_dim / 2] for the theta and head_dim of `config`. Finds the parameters that give these
/// factors, with the low and high frequency factors 1 and 4 that every published model has, and
/// sets them in `config`. False, with `config` as it was, when none do.
bool set_rope_factors(formats::ModelConfig& config, std::span<const float> factors);

}  // namespace crayon::importers
