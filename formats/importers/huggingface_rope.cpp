#include "formats/importers/huggingface_rope.h"

#include <cmath>

#include "formats/importers/huggingface_fields.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using formats::RopeScaling;

constexpr const char* original_context = "original_max_position_embeddings";

float required_number(const JsonObject& json, const char* field) {
  const auto value = json.number(field);
  if (!value) {
    json.fail_missing(field);
  }
  return static_cast<float>(*value);
}

void read_llama3(const JsonObject& scaling, ModelConfig& config) {
  config.rope_scaling = RopeScaling::llama3;
  config.rope_factor = required_number(scaling, "factor");
  config.rope_low_freq_factor = required_number(scaling, "low_freq_factor");
  config.rope_high_freq_factor = required_number(scaling, "high_freq_factor");
  config.rope_original_context = scaling.size(original_context).value_or(config.max_context);
}

// How much YaRN (Peng et al. 2023, section 3.4) makes queries and keys longer.
double yarn_magnitude(double factor, double scale) {
  return factor <= 1.0 ? 1.0 : 0.1 * scale * std::log(factor) + 1.0;
}

void read_yarn(const JsonObject& scaling, ModelConfig& config) {
  if (!scaling.boolean("truncate").value_or(true)) {
    scaling.fail_unsupported("truncate", "false");
  }
  const std::uint32_t original = scaling.size(original_context).value_or(config.max_context);
  const double ratio = original == 0 ? 1.0 : static_cast<double>(config.max_context) / original;
  const double factor = scaling.number("factor").value_or(ratio);
  const double scale = scaling.number("mscale").value_or(0.0);
  const double scale_all = scaling.number("mscale_all_dim").value_or(0.0);
  const bool scales = scale != 0.0 && scale_all != 0.0;
  const double magnitude = scales
                               ? yarn_magnitude(factor, scale) / yarn_magnitude(factor, scale_all)
                               : yarn_magnitude(factor, 1.0);
  config.rope_scaling = RopeScaling::yarn;
  config.rope_factor = static_cast<float>(factor);
  config.rope_original_context = original;
  config.rope_beta_fast = number_or(scaling, "beta_fast", 32.0);
  config.rope_beta_slow = number_or(scaling, "beta_slow", 1.0);
  config.rope_magnitude = number_or(scaling, "attention_factor", magnitude);
}

}  // namespace

std::string rope_type(const JsonObject& scaling) {
  const auto type = scaling.text("rope_type");
  return type ? *type : scaling.text("type").value_or("default");
}

void read_rope_scaling(const JsonObject& scaling, ModelConfig& config) {
  const std::string type = rope_type(scaling);
  if (type == "linear") {
    config.rope_scaling = RopeScaling::linear;
    config.rope_factor = required_number(scaling, "factor");
  } else if (type == "llama3") {
    read_llama3(scaling, config);
  } else if (type == "yarn") {
    read_yarn(scaling, config);
  } else if (type != "default") {
    scaling.fail_unsupported(scaling.find("rope_type") != nullptr ? "rope_type" : "type", type);
  }
}

void read_rope(const JsonObject& json, const RopeFields& fields, ModelConfig& config) {
  const auto refuse_partial = [](const JsonObject& object) {
    if (object.number("partial_rotary_factor").value_or(1.0) != 1.0) {
      object.fail_unsupported("partial_rotary_factor", "not 1");
    }
  };
  refuse_partial(json);
  config.rope_theta = number_or(json, "rope_theta", fields.theta);
  for (const char* field : rope_objects) {
    if (const auto rope = json.object(field)) {
      refuse_partial(*rope);
      refuse_field(*rope, "full_attention");
      refuse_field(*rope, "sliding_attention");
      config.rope_theta = number_or(*rope, "rope_theta", static_cast<double>(config.rope_theta));
      fields.read_scaling(*rope, config);
    }
  }
}

}  // namespace crayon::importers
