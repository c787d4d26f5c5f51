#include <fmt/format.h>

#include <algorithm>

#include "train/model/families/families.h"

namespace crayon::train {
namespace {

void read(const importers::JsonObject& fields, Config& config) {
  for (const char* name : {"attention_bias", "mlp_bias"}) {
    if (fields.boolean(name).value_or(false)) {
      refuse(fields, fmt::format("{} is set, which is not trained here", name));
    }
  }
  if (fields.find("rope_scaling") != nullptr) {
    refuse(fields, "rope_scaling is set, which is not trained here");
  }
  config.dim = fields.required_size("hidden_size");
  config.layers = fields.required_size("num_hidden_layers");
  config.heads = fields.required_size("num_attention_heads");
  config.kv_heads = fields.size("num_key_value_heads").value_or(config.heads);
  config.head_dim =
      fields.size("head_dim").value_or(config.dim / std::max<std::int64_t>(config.heads, 1));
  config.hidden = fields.required_size("intermediate_size");
  config.context = fields.required_size("max_position_embeddings");
  config.norm_eps = fields.number("rms_norm_eps").value_or(1e-6);
  config.rope_theta = fields.number("rope_theta").value_or(10000);
  config.tied_head = fields.boolean("tie_word_embeddings").value_or(false);
}

void write(const Config& config, nlohmann::json& object) {
  object.update({{"hidden_size", config.dim},
                 {"intermediate_size", config.hidden},
                 {"num_hidden_layers", config.layers},
                 {"num_attention_heads", config.heads},
                 {"num_key_value_heads", config.kv_heads},
                 {"head_dim", config.head_dim},
                 {"max_position_embeddings", config.context},
                 {"rms_norm_eps", config.norm_eps},
                 {"rope_theta", config.rope_theta},
                 {"hidden_act", "silu"}});
}

}  // namespace

// Parameters have the names of its files.
const FamilyFormat llama_format = {.family = Family::llama,
                                   .architecture = "LlamaForCausalLM",
                                   .model_type = "llama",
                                   .prefix = "",
                                   .rules = {},
                                   .read = read,
                                   .write = write};

}  // namespace crayon::train
