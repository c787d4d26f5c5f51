#include <array>
#include <string_view>

#include "formats/importers/families/families.h"
#include "formats/importers/gguf_keys.h"
#include "formats/importers/huggingface_fields.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;

// GPT-2 (Radford et al. 2019). Folders keep its weights as [inputs][outputs].
constexpr TensorRule fused(std::string_view bundle) {
  return {bundle, "blk.N.attn_qkv.weight", "transformer.h.N.attn.c_attn.weight",
          /*transposed=*/true};
}

constexpr std::array gpt2_tensors = {
    TensorRule{"token_embedding", "token_embd.weight", "transformer.wte.weight"},
    TensorRule{"position_embedding", "position_embd.weight", "transformer.wpe.weight"},
    TensorRule{"layers.N.attention_norm", "blk.N.attn_norm.weight", "transformer.h.N.ln_1.weight"},
    fused("layers.N.q"),
    fused("layers.N.k"),
    fused("layers.N.v"),
    TensorRule{"layers.N.o", "blk.N.attn_output.weight", "transformer.h.N.attn.c_proj.weight",
               /*transposed=*/true},
    TensorRule{"layers.N.mlp_norm", "blk.N.ffn_norm.weight", "transformer.h.N.ln_2.weight"},
    TensorRule{"layers.N.up", "blk.N.ffn_up.weight", "transformer.h.N.mlp.c_fc.weight",
               /*transposed=*/true},
    TensorRule{"layers.N.down", "blk.N.ffn_down.weight", "transformer.h.N.mlp.c_proj.weight",
               /*transposed=*/true},
    TensorRule{"output_norm", "output_norm.weight", "transformer.ln_f.weight"},
    TensorRule{"output_head", "output.weight", "lm_head.weight"},
};

constexpr std::array gpt2_sizes = {
    SizeRule{&ModelConfig::dim, "n_embd"},
    SizeRule{&ModelConfig::layers, "n_layer"},
    SizeRule{&ModelConfig::heads, "n_head"},
    SizeRule{&ModelConfig::max_context, "n_positions"},
    SizeRule{.field = &ModelConfig::hidden_dim, .name = "n_inner", .otherwise_dim = 4},
};

// Masks that old versions saved.
constexpr std::array<std::string_view, 2> leftovers = {".attn.bias", ".attn.masked_bias"};

void set_gpt2(ModelConfig& config) {
  config.norm = formats::Norm::layer;
  config.activation = formats::Activation::gelu_tanh;
  config.gated = false;
  config.positions = formats::Positions::learned;
}

void read_gpt2_gguf(GgufKeys&, ModelConfig& config) {
  set_gpt2(config);
}

void read_gpt2_config(const JsonObject& json, ModelConfig& config) {
  set_gpt2(config);
  for (const formats::Projection which : formats::all_projections) {
    if (config.has(which)) {
      config.add_bias(which);
    }
  }
  config.activation = read_activation(json, "activation_function", "gelu_new");
  config.norm_eps = number_or(json, "layer_norm_epsilon", 1e-5);
  config.tied_head = json.boolean("tie_word_embeddings").value_or(true);
  refuse_flag(json, "scale_attn_by_inverse_layer_idx");
  if (!json.boolean("scale_attn_weights").value_or(true)) {
    json.fail_unsupported("scale_attn_weights", "false");
  }
}

constexpr std::array architectures = {
    Architecture{.name = "gpt2",
                 .huggingface = "GPT2LMHeadModel",
                 .tensors = gpt2_tensors,
                 .sizes = gpt2_sizes,
                 .read_gguf = read_gpt2_gguf,
                 .read_huggingface = read_gpt2_config,
                 .huggingface_prefix = "transformer.",
                 .huggingface_leftovers = leftovers},
};

}  // namespace

std::span<const Architecture> gpt2_family() {
  return architectures;
}

}  // namespace crayon::importers
