#pragma once

#include <string>

#include "cli/output.h"
#include "formats/model_config.h"

namespace crayon::cli {

/// Every field of a configuration.
Json config_json(const formats::ModelConfig& config);

/// "2048, RoPE base 10000, scaling none"
std::string positions_text(const formats::ModelConfig& config);

/// In what a decoder differs from Llama's: "LayerNorm, GELU without gate, biases on q k v o". Empty
/// when in nothing.
std::string differences_text(const formats::ModelConfig& config);

}  // namespace crayon::cli
