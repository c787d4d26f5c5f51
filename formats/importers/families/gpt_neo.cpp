#include <array>
#include <string_view>

#include "formats/importers/families/families.h"
#include "formats/importers/huggingface_fields.h"
#include "formats/importers/windows.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;

// GPT-Neo (Black et al. 2021): a GPT-2 whose scores are not scaled, with a window in every other
// layer. No GGUF file has it.
constexpr std::array gpt_neo_tensors = {
    TensorRule{"token_embedding", "", "transformer.wte.weight"},
    TensorRule{"position_embedding", "", "transformer.wpe.weight"},
    TensorRule{"layers.N.attention_norm", "", "transformer.h.N.ln_1.weight"},
    TensorRule{"layers.N.q", "", "transformer.h.N.attn.attention.q_proj.weight"},
    TensorRule{"layers.N.k", "", "transformer.h.N.attn.attention.k_proj.weight"},
    TensorRule{"layers.N.v", "", "transformer.h.N.attn.attention.v_proj.weight"},
    TensorRule{"layers.N.o", "", "transformer.h.N.attn.attention.out_proj.weight"},
    TensorRule{"layers.N.mlp_norm", "", "transformer.h.N.ln_2.weight"},
    TensorRule{"layers.N.up", "", "transformer.h.N.mlp.c_fc.weight"},
    TensorRule{"layers.N.down", "", "transformer.h.N.mlp.c_proj.weight"},
    TensorRule{"output_norm", "", "transformer.ln_f.weight"},
    TensorRule{"output_head", "", "lm_head.weight"},
};

constexpr std::array gpt_neo_sizes = {
    SizeRule{&ModelConfig::dim, "hidden_size"},
    SizeRule{&ModelConfig::layers, "num_layers"},
    SizeRule{&ModelConfig::heads, "num_heads"},
    SizeRule{&ModelConfig::max_context, "max_position_embeddings"},
    SizeRule{.field = &ModelConfig::hidden_dim, .name = "intermediate_size", .otherwise_dim = 4},
};

// Masks that old versions saved.
constexpr std::array<std::string_view, 2> leftovers = {".attn.attention.bias",
                                                       ".attn.attention.masked_bias"};

// Appends the layers of a list of "global" and "local".
void append_kinds(const JsonObject& json, const char* field, const Json& kinds,
                  std::vector<bool>& windowed) {
  if (!kinds.is_array()) {
    json.fail_type(field, "a list of names");
  }
  for (const Json& kind : kinds) {
    const std::string_view name = name_in(kind);
    if (name != "global" && name != "local") {
      json.fail_unsupported(field, kind.dump());
    }
    windowed.push_back(name == "local");
  }
}

// "attention_types" has pairs of a list and how often it is repeated.
void append_repeated(const JsonObject& json, const char* field, const Json& pair,
                     std::uint32_t layers, std::vector<bool>& windowed) {
  const bool is_pair = pair.is_array() && pair.size() == 2 && pair[1].is_number_unsigned();
  if (!is_pair || pair[1].get<std::uint64_t>() > layers) {
    json.fail_type(field, "a list of pairs of names and a number of layers");
  }
  for (std::uint64_t i = 0; i < pair[1].get<std::uint64_t>() && windowed.size() <= layers; ++i) {
    append_kinds(json, field, pair[0], windowed);
  }
}

std::vector<bool> windowed_layers(const JsonObject& json, std::uint32_t layers) {
  std::vector<bool> windowed;
  const char* field = "attention_layers";
  if (const Json* kinds = json.array(field)) {
    append_kinds(json, field, *kinds, windowed);
  } else {
    field = "attention_types";
    const Json* pairs = json.array(field);
    if (pairs == nullptr) {
      json.fail_missing(field);
    }
    for (const Json& pair : *pairs) {
      append_repeated(json, field, pair, layers, windowed);
    }
  }
  if (windowed.size() != layers) {
    json.fail_type(field, "a kind for each layer");
  }
  return windowed;
}

void read_gpt_neo_config(const JsonObject& json, ModelConfig& config) {
  config.norm = formats::Norm::layer;
  config.gated = false;
  config.positions = formats::Positions::learned;
  config.attention_scale = 1.0f;
  for (const formats::Projection which :
       {formats::Projection::o, formats::Projection::up, formats::Projection::down}) {
    config.add_bias(which);
  }
  config.activation = read_activation(json, "activation_function", "gelu_new");
  config.norm_eps = number_or(json, "layer_norm_epsilon", 1e-5);
  config.tied_head = json.boolean("tie_word_embeddings").value_or(true);
  set_windows(config, json.size("window_size").value_or(256), windowed_layers(json, config.layers));
}

constexpr std::array architectures = {
    Architecture{.name = "gpt_neo",
                 .huggingface = "GPTNeoForCausalLM",
                 .tensors = gpt_neo_tensors,
                 .sizes = gpt_neo_sizes,
                 .read_huggingface = read_gpt_neo_config,
                 .huggingface_prefix = "transformer.",
                 .huggingface_leftovers = leftovers},
};

}  // namespace

std::span<const Architecture> gpt_neo_family() {
  return architectures;
}

}  // namespace crayon::importers
