#pragma once

#include <array>
#include <string>

#include "formats/importers/json_object.h"
#include "formats/model_config.h"

namespace crayon::importers {

/// Where a config.json describes RoPE; transformers 5 has theta and scaling in one object.
inline constexpr std::array rope_objects = {"rope_scaling", "rope_parameters"};

/// "rope_type" or, in older files, "type".
std::string rope_type(const JsonObject& scaling);

/// linear, llama3 and yarn; throws unsupported for any other type.
void read_rope_scaling(const JsonObject& scaling, formats::ModelConfig& config);

struct RopeFields {
  double theta = 10000.0;  ///< when the file has none
  void (*read_scaling)(const JsonObject& scaling, formats::ModelConfig& config) = read_rope_scaling;
};
/// theta and scaling of an architecture that turns whole heads, in all layers alike. `config`
/// has its max_context.
void read_rope(const JsonObject& json, const RopeFields& fields, formats::ModelConfig& config);

}  // namespace crayon::importers
