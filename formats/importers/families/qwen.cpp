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

// Qwen2 (Yang et al. 2024), also 2.5: Llama with biases on q, k and v.
void read_qwen2_gguf(GgufKeys&, ModelConfig&) {}

// Layers from max_window_layers on see a window, unless layer_types says otherwise.
std::vector<bool> windowed_layers(const JsonObject& json, std::uint32_t layers) {
  if (auto types = read_layer_types(json, layers)) {
    return *std::move(types);
  }
  const std::uint32_t first = json.size("max_window_layers").value_or(28);
  std::vector<bool> windowed(layers);
  for (std::uint32_t layer = first; layer < layers; ++layer) {
    windowed[layer] = true;
  }
  return windowed;
}

void read_qwen_config(const JsonObject& json, ModelConfig& config) {
  read_rms_norm(json, config);
  config.activation = read_activation(json, "hidden_act", "silu");
  config.tied_head = json.boolean("tie_word_embeddings").value_or(false);
  read_rope(json, {}, config);
  if (json.boolean("use_sliding_window").value_or(false)) {
    set_windows(config, size_unless_null(json, "sliding_window", 4096),
                windowed_layers(json, config.layers));
  }
}

void read_qwen2_config(const JsonObject& json, ModelConfig& config) {
  for (const formats::Projection which : {q, k, v}) {
    config.add_bias(which);
  }
  read_qwen_config(json, config);
}

// Qwen3 (Yang et al. 2025): norms on queries and keys instead of biases.
void read_qwen3_gguf(GgufKeys&, ModelConfig& config) {
  config.qk_norm = true;
}

void read_qwen3_config(const JsonObject& json, ModelConfig& config) {
  config.qk_norm = true;
  add_biases(json, "attention_bias", {q, k, v, o}, config);
  read_qwen_config(json, config);
}

constexpr std::array qwen3_sizes = {dim_rule,
                                    layers_rule,
                                    heads_rule,
                                    kv_heads_rule,
                                    hidden_dim_rule,
                                    context_rule,
                                    SizeRule{&ModelConfig::head_dim, "head_dim", 128}};

constexpr std::array architectures = {
    Architecture{.name = "qwen2",
                 .huggingface = "Qwen2ForCausalLM",
                 .tensors = llama_tensors,
                 .sizes = grouped_sizes,
                 .read_gguf = read_qwen2_gguf,
                 .read_huggingface = read_qwen2_config},
    Architecture{.name = "qwen3",
                 .huggingface = "Qwen3ForCausalLM",
                 .tensors = llama_tensors,
                 .sizes = qwen3_sizes,
                 .read_gguf = read_qwen3_gguf,
                 .read_huggingface = read_qwen3_config},
};

}  // namespace

std::span<const Architecture> qwen_family() {
  return architectures;
}

}  // namespace crayon::importers
