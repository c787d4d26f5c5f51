#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "formats/importers/json_object.h"
#include "formats/model_config.h"

namespace crayon::importers {

// Fields that several architectures have in config.json. All throw malformed, naming the field,
// for a value of another type, and unsupported for one that is not known.

float number_or(const JsonObject& json, const char* field, double otherwise);
/// Where null has a meaning of its own, none: 0 for null, `otherwise` for an absent field.
float number_unless_null(const JsonObject& json, const char* field, float otherwise);
std::uint32_t size_unless_null(const JsonObject& json, const char* field, std::uint32_t otherwise);
/// An element of a list of names; empty for one that is no string.
std::string_view name_in(const Json& element);
std::vector<float> read_numbers(const JsonObject& json, const char* field);

/// RMSNorm's epsilon, with the default of transformers.
void read_rms_norm(const JsonObject& json, formats::ModelConfig& config);
formats::Activation read_activation(const JsonObject& json, const char* field,
                                    const char* otherwise);
/// Biases on `which`, if the field is true.
void add_biases(const JsonObject& json, const char* field,
                std::initializer_list<formats::Projection> which, formats::ModelConfig& config);
/// "layer_types", when it is there: true for the layers that have a sliding window.
std::optional<std::vector<bool>> read_layer_types(const JsonObject& json, std::uint32_t layers);

/// Throws unsupported if the field is true.
void refuse_flag(const JsonObject& json, const char* field);
/// Throws unsupported if the field is there.
void refuse_field(const JsonObject& json, const char* field);

}  // namespace crayon::importers
