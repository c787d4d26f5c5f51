#pragma once

#include <cstdint>
#include <string>

#include "cli/output.h"
#include "formats/bundle.h"
#include "formats/model_config.h"
#include "runtime/model/model.h"

namespace crayon::cli {

/// Every field of a configuration.
Json config_json(const formats::ModelConfig& config);

/// "2048, RoPE base 10000, scaling none"
std::string positions_text(const formats::ModelConfig& config);

/// In what a decoder differs from Llama's: "LayerNorm, GELU without gate, biases on q k v o". Empty
/// when in nothing.
std::string differences_text(const formats::ModelConfig& config);

/// "f16"
const char* kv_name(model::KvDtype kv);

/// Number of weights in all tensors.
std::uint64_t weights_in(const formats::BundleInfo& info);

}  // namespace crayon::cli
