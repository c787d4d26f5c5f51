#include <array>
#include <cmath>
#include <utility>

#include "formats/importers/families/families.h"
#include "formats/importers/families/llama_tensors.h"
#include "formats/importers/gguf_keys.h"
#include "formats/importers/huggingface_fields.h"
#include "formats/importers/huggingface_rope.h"
#include "formats/importers/windows.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;

// Phi-3 (Abdin et al. 2024), Phi-3.5 and Phi-4-mini: a Llama with fused weights.
constexpr std::array phi3_tensors = {
    TensorRule{"token_embedding", "token_embd.weight", "model.embed_tokens.weight"},
    TensorRule{"layers.N.attention_norm", "blk.N.attn_norm.weight",
               "model.layers.N.input_layernorm.weight"},
    TensorRule{"layers.N.q", "blk.N.attn_qkv.weight", "model.layers.N.self_attn.qkv_proj.weight"},
    TensorRule{"layers.N.k", "blk.N.attn_qkv.weight", "model.layers.N.self_attn.qkv_proj.weight"},
    TensorRule{"layers.N.v", "blk.N.attn_qkv.weight", "model.layers.N.self_attn.qkv_proj.weight"},
    TensorRule{"layers.N.o", "blk.N.attn_output.weight", "model.layers.N.self_attn.o_proj.weight"},
    TensorRule{"layers.N.mlp_norm", "blk.N.ffn_norm.weight",
               "model.layers.N.post_attention_layernorm.weight"},
    TensorRule{"layers.N.gate", "blk.N.ffn_up.weight", "model.layers.N.mlp.gate_up_proj.weight"},
    TensorRule{"layers.N.up", "blk.N.ffn_up.weight", "model.layers.N.mlp.gate_up_proj.weight"},
    TensorRule{"layers.N.down", "blk.N.ffn_down.weight", "model.layers.N.mlp.down_proj.weight"},
    TensorRule{"output_norm", "output_norm.weight", "model.norm.weight"},
    TensorRule{"output_head", "output.weight", "lm_head.weight"},
};

void read_phi3_gguf(GgufKeys& keys, ModelConfig& config) {
  set_window(config, keys.size("attention.sliding_window").value_or(0));
}

// Scores grow with the ratio of the context to the original one (Ding et al. 2024).
double longrope_magnitude(double context, double original) {
  return context <= original ? 1.0
                             : std::sqrt(1.0 + std::log(context / original) / std::log(original));
}

void read_longrope(const JsonObject& json, const JsonObject& scaling, ModelConfig& config) {
  constexpr const char* original = "original_max_position_embeddings";
  const auto context = json.size(original) ? json.size(original) : scaling.size(original);
  if (!context) {
    json.fail_missing(original);
  }
  config.rope_scaling = formats::RopeScaling::longrope;
  config.rope_original_context = *context;
  config.rope_short_factors = read_numbers(scaling, "short_factor");
  config.rope_long_factors = read_numbers(scaling, "long_factor");
  config.rope_magnitude =
      static_cast<float>(scaling.number("attention_factor")
                             .value_or(longrope_magnitude(config.max_context, *context)));
}

void read_phi3_scaling(const JsonObject& json, const JsonObject& scaling, ModelConfig& config) {
  const std::string type = rope_type(scaling);
  // "su" is what the first folders call it.
  if (type == "longrope" || type == "su") {
    read_longrope(json, scaling, config);
  } else if (type != "default") {
    scaling.fail_unsupported("rope_type", type);
  }
}

void read_rotated_share(const JsonObject& json, ModelConfig& config) {
  constexpr const char* field = "partial_rotary_factor";
  const double share = json.number(field).value_or(1.0);
  const auto rotated =
      share > 0.0 && share <= 1.0 ? static_cast<std::uint32_t>(config.head_dim * share) : 0;
  if (rotated == 0) {
    json.fail_type(field, "a number up to 1 that leaves something to turn");
  }
  config.rope_dim = rotated == config.head_dim ? config.rope_dim : rotated;
}

void read_phi3_config(const JsonObject& json, ModelConfig& config) {
  read_rms_norm(json, config);
  config.activation = read_activation(json, "hidden_act", "silu");
  config.tied_head = json.boolean("tie_word_embeddings").value_or(false);
  read_rotated_share(json, config);
  config.rope_theta = number_or(json, "rope_theta", 10000.0);
  for (const char* field : rope_objects) {
    if (const auto rope = json.object(field)) {
      config.rope_theta = number_or(*rope, "rope_theta", config.rope_theta);
      read_rotated_share(*rope, config);
      read_phi3_scaling(json, *rope, config);
    }
  }
  set_window(config, size_unless_null(json, "sliding_window", 0));
}

constexpr std::array architectures = {
    Architecture{.name = "phi3",
                 .huggingface = "Phi3ForCausalLM",
                 .tensors = phi3_tensors,
                 .sizes = llama_sizes,
                 .read_gguf = read_phi3_gguf,
                 .read_huggingface = read_phi3_config},
};

}  // namespace

std::span<const Architecture> phi3_family() {
  return architectures;
}

}  // namespace crayon::importers
