#include <fmt/format.h>

#include <array>

#include "formats/importers/families/families.h"
#include "formats/importers/families/llama_tensors.h"
#include "formats/importers/gguf_keys.h"
#include "formats/importers/huggingface_fields.h"
#include "formats/importers/huggingface_rope.h"
#include "formats/importers/windows.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using enum formats::Projection;

// Llama (Touvron et al. 2023) and all that share its blocks: Llama 2 and 3, TinyLlama, SmolLM2;
// Mistral (Jiang et al. 2023) too, whose converted files say that they are Llamas.
void read_llama_gguf(GgufKeys& keys, ModelConfig& config) {
  set_window(config, keys.size("attention.sliding_window").value_or(0));
}

void read_llama_config(const JsonObject& json, ModelConfig& config) {
  read_rms_norm(json, config);
  config.activation = read_activation(json, "hidden_act", "silu");
  config.tied_head = json.boolean("tie_word_embeddings").value_or(false);
  add_biases(json, "attention_bias", {q, k, v, o}, config);
  add_biases(json, "mlp_bias", {gate, up, down}, config);
  read_rope(json, {}, config);
}

void read_mistral_config(const JsonObject& json, ModelConfig& config) {
  refuse_flag(json, "attention_bias");
  refuse_flag(json, "mlp_bias");
  refuse_field(json, "layer_types");
  read_llama_config(json, config);
  set_window(config, size_unless_null(json, "sliding_window", 4096));
}

// SmolLM3: a Llama whose every fourth layer has no RoPE.
std::vector<bool> every(std::uint32_t interval, std::uint32_t layers) {
  std::vector<bool> marked(layers);
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    marked[layer] = (layer + 1) % interval == 0;
  }
  return marked;
}

void read_smollm3_gguf(GgufKeys&, ModelConfig& config) {
  config.unrotated = every(4, config.layers);
}

// "no_rope_layers" has a 1 for each layer that has RoPE.
std::vector<bool> unrotated_layers(const JsonObject& json, std::uint32_t layers) {
  constexpr const char* field = "no_rope_layers";
  const Json* flags = json.array(field);
  if (flags == nullptr) {
    const std::uint32_t interval = json.size("no_rope_layer_interval").value_or(4);
    if (interval == 0) {
      json.fail_type("no_rope_layer_interval", "a whole number of 1 or more");
    }
    return every(interval, layers);
  }
  if (flags->size() < layers) {
    json.fail_type(field, "a list of a number for each layer");
  }
  std::vector<bool> unrotated(layers);
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    const auto* flag = (*flags)[layer].get_ptr<const Json::number_unsigned_t*>();
    if (flag == nullptr || *flag > 1) {
      json.fail_type(field, "a list of 0 and 1");
    }
    unrotated[layer] = *flag == 0;
  }
  return unrotated;
}

void read_smollm3_config(const JsonObject& json, ModelConfig& config) {
  read_llama_config(json, config);
  config.tied_head = json.boolean("tie_word_embeddings").value_or(true);
  read_rope(json, {.theta = 2000000.0}, config);
  std::vector<bool> unrotated = unrotated_layers(json, config.layers);
  if (json.boolean("use_sliding_window").value_or(false)) {
    set_windows(config, size_unless_null(json, "sliding_window", 0),
                read_layer_types(json, config.layers).value_or(unrotated));
  }
  config.unrotated = std::move(unrotated);
}

constexpr std::array architectures = {
    Architecture{.name = "llama",
                 .huggingface = "LlamaForCausalLM",
                 .tensors = llama_tensors,
                 .sizes = llama_sizes,
                 .read_gguf = read_llama_gguf,
                 .read_huggingface = read_llama_config,
                 .gguf_interleaves_rope = true},
    Architecture{.name = "llama",
                 .huggingface = "MistralForCausalLM",
                 .tensors = llama_tensors,
                 .sizes = grouped_sizes,
                 .read_huggingface = read_mistral_config},
    Architecture{.name = "smollm3",
                 .huggingface = "SmolLM3ForCausalLM",
                 .tensors = llama_tensors,
                 .sizes = grouped_sizes,
                 .read_gguf = read_smollm3_gguf,
                 .read_huggingface = read_smollm3_config,
                 .gguf_interleaves_rope = true},
};

}  // namespace

std::span<const Architecture> llama_family() {
  return architectures;
}

}  // namespace crayon::importers
