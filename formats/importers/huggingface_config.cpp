#include <fmt/format.h>

#include "base/error.h"
#include "formats/importers/architectures.h"
#include "formats/importers/huggingface.h"
#include "formats/importers/named_check.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using formats::RopeScaling;

std::string architecture_name(const JsonObject& json) {
  const Json* names = json.array("architectures");
  if (names == nullptr) {
    json.fail_missing("architectures");
  }
  if (names->size() != 1 || !(*names)[0].is_string()) {
    json.fail_type("architectures", "a list of one name");
  }
  return (*names)[0].get<std::string>();
}

// What would make the computation another one than the runtime's.
void refuse_variants(const JsonObject& json) {
  for (const char* field : {"attention_bias", "mlp_bias", "rope_interleaved"}) {
    if (json.boolean(field).value_or(false)) {
      json.fail_unsupported(field, "true");
    }
  }
  const std::string activation = json.text("hidden_act").value_or("silu");
  if (activation != "silu") {
    json.fail_unsupported("hidden_act", activation);
  }
  if (json.number("partial_rotary_factor").value_or(1.0) != 1.0) {
    json.fail_unsupported("partial_rotary_factor", "not 1");
  }
  if (json.find("quantization_config") != nullptr) {
    throw Error(
        Code::unsupported,
        fmt::format("{}: quantization_config says that the weights are quantised", json.where()),
        "import the model that they were made from");
  }
}

void read_rope_scaling(const JsonObject& scaling, ModelConfig& config) {
  const auto type = scaling.text("rope_type");
  const std::string name = type ? *type : scaling.text("type").value_or("default");
  const auto number = [&](const char* field) {
    const auto value = scaling.number(field);
    if (!value) {
      scaling.fail_missing(field);
    }
    return static_cast<float>(*value);
  };
  if (name == "linear") {
    config.rope_scaling = RopeScaling::linear;
    config.rope_factor = number("factor");
  } else if (name == "llama3") {
    config.rope_scaling = RopeScaling::llama3;
    config.rope_factor = number("factor");
    config.rope_low_freq_factor = number("low_freq_factor");
    config.rope_high_freq_factor = number("high_freq_factor");
    config.rope_original_context =
        scaling.size("original_max_position_embeddings").value_or(config.max_context);
  } else if (name != "default") {
    scaling.fail_unsupported(type ? "rope_type" : "type", name);
  }
}

}  // namespace

ModelConfig read_huggingface_config(const JsonObject& json) {
  const Architecture& architecture =
      find_architecture(architecture_name(json), Naming::huggingface, json.where());
  refuse_variants(json);
  ModelConfig config;
  config.architecture = architecture.name;
  for (const SizeRule& rule : architecture.sizes) {
    config.*rule.field = json.required_size(rule.huggingface);
  }
  config.vocab_size = json.required_size("vocab_size");
  config.kv_heads = json.size("num_key_value_heads").value_or(config.heads);
  const std::uint32_t even_share = config.heads == 0 ? 0 : config.dim / config.heads;
  config.head_dim = json.size("head_dim").value_or(even_share);
  config.tied_head = json.boolean("tie_word_embeddings").value_or(false);
  // Defaults of transformers' LlamaConfig.
  config.norm_eps = static_cast<float>(json.number("rms_norm_eps").value_or(1e-6));
  config.rope_theta = static_cast<float>(json.number("rope_theta").value_or(10000.0));
  // transformers 5 has theta and scaling in one object.
  for (const char* field : {"rope_scaling", "rope_parameters"}) {
    if (const auto rope = json.object(field)) {
      config.rope_theta =
          static_cast<float>(rope->number("rope_theta").value_or(config.rope_theta));
      read_rope_scaling(*rope, config);
    }
  }
  check_config(config, json.where());
  return config;
}

}  // namespace crayon::importers
