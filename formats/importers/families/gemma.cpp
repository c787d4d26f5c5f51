#include <array>
#include <cmath>

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

// Folders keep all norms less 1.
template <std::size_t n>
constexpr std::array<TensorRule, n> with_shifted_norms(std::array<TensorRule, n> rules) {
  for (TensorRule& rule : rules) {
    rule.plus_one = rule.bundle.ends_with("norm");
  }
  return rules;
}

// Llama's names, but for the norms around the MLP: what Llama's folders call by the name of the
// norm in front of it is here the one behind the attention.
constexpr auto with_post_norms() {
  std::array<TensorRule, llama_tensors.size() + 2> rules;
  std::size_t count = 0;
  for (const TensorRule& rule : llama_tensors) {
    if (rule.bundle != "layers.N.mlp_norm") {
      rules[count++] = rule;
    }
  }
  rules[count++] = {"layers.N.attention_post_norm", "blk.N.post_attention_norm.weight",
                    "model.layers.N.post_attention_layernorm.weight"};
  rules[count++] = {"layers.N.mlp_norm", "blk.N.ffn_norm.weight",
                    "model.layers.N.pre_feedforward_layernorm.weight"};
  rules[count++] = {"layers.N.mlp_post_norm", "blk.N.post_ffw_norm.weight",
                    "model.layers.N.post_feedforward_layernorm.weight"};
  return rules;
}

constexpr auto gemma_tensors = with_shifted_norms(llama_tensors);
constexpr auto gemma3_tensors = with_shifted_norms(with_post_norms());

constexpr std::array gemma_sizes = {dim_rule,
                                    layers_rule,
                                    heads_rule,
                                    kv_heads_rule,
                                    hidden_dim_rule,
                                    context_rule,
                                    SizeRule{&ModelConfig::head_dim, "head_dim", 256}};

void set_gemma(ModelConfig& config) {
  config.activation = formats::Activation::gelu_tanh;
  config.embedding_scale = std::sqrt(static_cast<float>(config.dim));
}

// Scores are divided by the root of `scalar`.
void set_query_scalar(ModelConfig& config, double scalar) {
  config.attention_scale =
      scalar == config.head_dim ? 0.0f : static_cast<float>(1.0 / std::sqrt(scalar));
}

void read_query_scalar(const JsonObject& json, ModelConfig& config) {
  constexpr const char* field = "query_pre_attn_scalar";
  const double scalar = json.number(field).value_or(256);
  if (!(scalar > 0)) {
    json.fail_type(field, "a number above 0");
  }
  set_query_scalar(config, scalar);
}

// Layers see a window but for the last of every `period`.
std::vector<bool> all_but_every(std::uint32_t period, std::uint32_t layers) {
  std::vector<bool> windowed(layers);
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    windowed[layer] = (layer + 1) % period != 0;
  }
  return windowed;
}

// The models of 27 billion weights differ from the others in their scalar, which GGUF files do
// not have: it is known by the number of layers.
void set_gguf_scalar(ModelConfig& config, std::uint32_t largest_layers) {
  set_query_scalar(config,
                   config.layers == largest_layers ? config.dim / config.heads : config.head_dim);
}

std::vector<bool> gguf_pattern(GgufKeys& keys, std::uint32_t period, std::uint32_t layers) {
  constexpr std::string_view key = "attention.sliding_window_pattern";
  if (auto flags = keys.flags(key, layers)) {
    return *std::move(flags);
  }
  const std::uint32_t given = keys.size(key).value_or(period);
  if (given == 0) {
    keys.fail_unsupported(key, "0");
  }
  return all_but_every(given, layers);
}

// Gemma (Gemma Team 2024).
void read_gemma_gguf(GgufKeys&, ModelConfig& config) {
  set_gemma(config);
}

// Gemma 2: soft caps, norms behind each block, every other layer with a window.
void read_gemma2_gguf(GgufKeys& keys, ModelConfig& config) {
  set_gemma(config);
  config.post_norms = true;
  config.attention_softcap = keys.number("attn_logit_softcapping").value_or(50.0f);
  config.logit_softcap = keys.number("final_logit_softcapping").value_or(30.0f);
  set_gguf_scalar(config, 46);
  set_windows(config, keys.size("attention.sliding_window").value_or(4096),
              gguf_pattern(keys, 2, config.layers));
}

// Gemma 3: norms on queries and keys instead of soft caps, five layers with a window and a theta
// of their own to one without.
void read_gemma3_gguf(GgufKeys& keys, ModelConfig& config) {
  set_gemma(config);
  config.post_norms = true;
  config.qk_norm = true;
  config.logit_softcap = keys.number("final_logit_softcapping").value_or(0.0f);
  set_gguf_scalar(config, 62);
  const std::uint32_t window = keys.size("attention.sliding_window").value_or(0);
  const std::vector<bool> pattern = gguf_pattern(keys, 6, config.layers);
  const float theta = keys.number("rope.freq_base_swa").value_or(10000.0f);
  if (window != 0) {
    config.rope_window_theta = theta;
    set_windows(config, window, pattern);
    config.rope_window_theta = config.windowed.empty() ? 0.0f : theta;
  }
}

void read_gemma_fields(const JsonObject& json, ModelConfig& config) {
  set_gemma(config);
  read_rms_norm(json, config);
  config.tied_head = json.boolean("tie_word_embeddings").value_or(true);
  add_biases(json, "attention_bias", {q, k, v, o}, config);
}

void read_gemma_config(const JsonObject& json, ModelConfig& config) {
  read_gemma_fields(json, config);
  // The first folders say "gelu", without hidden_activation, and mean the tanh form.
  const bool old = json.find("hidden_activation") == nullptr && json.text("hidden_act") == "gelu";
  if (!old) {
    const char* field =
        json.find("hidden_activation") != nullptr ? "hidden_activation" : "hidden_act";
    config.activation = read_activation(json, field, "gelu_pytorch_tanh");
  }
  read_rope(json, {}, config);
}

void read_gemma2_config(const JsonObject& json, ModelConfig& config) {
  read_gemma_fields(json, config);
  config.post_norms = true;
  config.activation = read_activation(json, "hidden_activation", "gelu_pytorch_tanh");
  config.attention_softcap = number_unless_null(json, "attn_logit_softcapping", 50.0f);
  config.logit_softcap = number_unless_null(json, "final_logit_softcapping", 30.0f);
  read_query_scalar(json, config);
  read_rope(json, {}, config);
  set_windows(config, size_unless_null(json, "sliding_window", 4096),
              read_layer_types(json, config.layers).value_or(all_but_every(2, config.layers)));
}

std::vector<bool> gemma3_windowed(const JsonObject& json, std::uint32_t layers) {
  if (auto types = read_layer_types(json, layers)) {
    return *std::move(types);
  }
  for (const char* field : {"sliding_window_pattern", "_sliding_window_pattern"}) {
    if (const auto period = json.size(field)) {
      if (*period == 0) {
        json.fail_type(field, "a whole number of 1 or more");
      }
      return all_but_every(*period, layers);
    }
  }
  return all_but_every(6, layers);
}

void read_gemma3_scaling(const JsonObject& scaling, ModelConfig& config) {
  if (const std::string type = rope_type(scaling); type != "default" && type != "linear") {
    scaling.fail_unsupported("rope_type", type);
  }
  read_rope_scaling(scaling, config);
}

// theta and scaling of the layers without a window, and theta of the others. transformers 5 has
// an object for each.
void read_gemma3_rope(const JsonObject& json, ModelConfig& config) {
  constexpr RopeFields fields{.theta = 1000000.0, .read_scaling = read_gemma3_scaling};
  config.rope_window_theta = number_or(json, "rope_local_base_freq", 10000.0);
  const auto both = json.object("rope_parameters");
  const auto local = both ? both->object("sliding_attention") : std::nullopt;
  const auto global = both ? both->object("full_attention") : std::nullopt;
  if (!local && !global) {
    read_rope(json, fields, config);
    return;
  }
  config.rope_theta = static_cast<float>(fields.theta);
  if (global) {
    config.rope_theta = number_or(*global, "rope_theta", fields.theta);
    read_gemma3_scaling(*global, config);
  }
  if (local) {
    config.rope_window_theta = number_or(*local, "rope_theta", 10000.0);
    if (const std::string type = rope_type(*local); type != "default") {
      local->fail_unsupported("rope_type", type);
    }
  }
}

void read_gemma3_config(const JsonObject& json, ModelConfig& config) {
  read_gemma_fields(json, config);
  config.post_norms = true;
  config.qk_norm = true;
  config.activation = read_activation(json, "hidden_activation", "gelu_pytorch_tanh");
  refuse_field(json, "attn_logit_softcapping");
  config.logit_softcap = number_unless_null(json, "final_logit_softcapping", 0.0f);
  read_query_scalar(json, config);
  read_gemma3_rope(json, config);
  const std::uint32_t window = size_unless_null(json, "sliding_window", 4096);
  if (window == 0) {
    json.fail_unsupported("sliding_window", "null");  // whose layers would keep their theta
  }
  set_windows(config, window, gemma3_windowed(json, config.layers));
  if (config.windowed.empty()) {
    config.rope_window_theta = 0.0f;
  }
}

constexpr std::array architectures = {
    Architecture{.name = "gemma",
                 .huggingface = "GemmaForCausalLM",
                 .tensors = gemma_tensors,
                 .sizes = gemma_sizes,
                 .read_gguf = read_gemma_gguf,
                 .read_huggingface = read_gemma_config},
    Architecture{.name = "gemma2",
                 .huggingface = "Gemma2ForCausalLM",
                 .tensors = gemma3_tensors,
                 .sizes = gemma_sizes,
                 .read_gguf = read_gemma2_gguf,
                 .read_huggingface = read_gemma2_config},
    Architecture{.name = "gemma3",
                 .huggingface = "Gemma3ForCausalLM",
                 .tensors = gemma3_tensors,
                 .sizes = gemma_sizes,
                 .read_gguf = read_gemma3_gguf,
                 .read_huggingface = read_gemma3_config},
};

}  // namespace

std::span<const Architecture> gemma_family() {
  return architectures;
}

}  // namespace crayon::importers
