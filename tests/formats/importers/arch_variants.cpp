#include "tests/formats/importers/arch_variants.h"

#include <cmath>
#include <vector>

#include "base/error.h"

namespace crayon::test {
namespace {

using formats::ModelConfig;
using formats::RopeScaling;
using enum formats::Projection;

ModelConfig base(const char* architecture) {
  ModelConfig config;
  config.architecture = architecture;
  config.vocab_size = 96;
  config.dim = 64;
  config.layers = 4;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 16;
  config.hidden_dim = 96;
  config.max_context = 256;
  config.norm_eps = 1e-6f;
  return config;
}

void add_biases(ModelConfig& config, std::initializer_list<formats::Projection> which) {
  for (const formats::Projection projection : which) {
    config.add_bias(projection);
  }
}

std::vector<bool> pattern(std::uint32_t layers, std::uint32_t period, bool last) {
  std::vector<bool> marked;
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    marked.push_back(((layer + 1) % period == 0) == last);
  }
  return marked;
}

ModelConfig llama_linear() {
  ModelConfig config = base("llama");
  config.rope_scaling = RopeScaling::linear;
  config.rope_factor = 4.0f;
  return config;
}

ModelConfig llama3() {
  ModelConfig config = base("llama");
  config.tied_head = true;
  config.rope_theta = 500000.0f;
  config.rope_scaling = RopeScaling::llama3;
  config.rope_factor = 8.0f;
  config.rope_low_freq_factor = 1.0f;
  config.rope_high_freq_factor = 4.0f;
  config.rope_original_context = 64;
  return config;
}

ModelConfig llama_yarn() {
  ModelConfig config = base("llama");
  config.rope_scaling = RopeScaling::yarn;
  config.max_context = 16384;
  config.rope_factor = 4.0f;
  config.rope_original_context = 4096;  // two pairs stay, two are stretched, the others blended
  config.rope_magnitude = static_cast<float>(0.1 * std::log(4.0) + 1.0);
  return config;
}

ModelConfig llama_bias() {
  ModelConfig config = base("llama");
  config.head_dim = 24;
  add_biases(config, {q, k, v, o, gate, up, down});
  return config;
}

ModelConfig smollm3() {
  ModelConfig config = base("smollm3");
  config.layers = 5;
  config.tied_head = true;
  config.rope_theta = 5000000.0f;
  config.unrotated = pattern(5, 4, true);
  return config;
}

ModelConfig mistral_window() {
  ModelConfig config = base("llama");
  config.window = 16;
  config.windowed = std::vector<bool>(4, true);
  return config;
}

ModelConfig qwen2() {
  ModelConfig config = base("qwen2");
  config.tied_head = true;
  config.rope_theta = 1000000.0f;
  add_biases(config, {q, k, v});
  return config;
}

ModelConfig qwen3() {
  ModelConfig config = base("qwen3");
  config.head_dim = 32;
  config.rope_theta = 1000000.0f;
  config.qk_norm = true;
  return config;
}

ModelConfig gemma() {
  ModelConfig config = base("gemma");
  config.head_dim = 32;
  config.tied_head = true;
  config.activation = formats::Activation::gelu_tanh;
  config.embedding_scale = 8.0f;
  return config;
}

ModelConfig gemma2() {
  ModelConfig config = gemma();
  config.architecture = "gemma2";
  config.layers = 5;
  config.post_norms = true;
  config.attention_softcap = 3.0f;  // low enough to bend scores and logits of random weights
  config.logit_softcap = 2.0f;
  config.window = 8;
  config.windowed = pattern(5, 2, false);
  return config;
}

ModelConfig gemma3() {
  ModelConfig config = gemma();
  config.architecture = "gemma3";
  config.layers = 7;
  config.post_norms = true;
  config.qk_norm = true;
  config.rope_theta = 1000000.0f;
  config.rope_window_theta = 10000.0f;
  config.rope_scaling = RopeScaling::linear;
  config.rope_factor = 8.0f;
  config.window = 8;
  config.windowed = pattern(7, 6, false);
  return config;
}

void add_longrope(ModelConfig& config, std::uint32_t original) {
  config.rope_scaling = RopeScaling::longrope;
  config.rope_original_context = original;
  const double ratio = static_cast<double>(config.max_context) / original;
  config.rope_magnitude = static_cast<float>(
      std::sqrt(1.0 + std::log(ratio) / std::log(static_cast<double>(original))));
  for (std::uint32_t pair = 0; pair < config.rotated_dim() / 2; ++pair) {
    config.rope_short_factors.push_back(1.0f + 0.0625f * static_cast<float>(pair));
    config.rope_long_factors.push_back(1.0f + 0.75f * static_cast<float>(pair));
  }
}

ModelConfig phi3_short() {
  ModelConfig config = base("phi3");
  config.max_context = 512;
  add_longrope(config, 256);
  return config;
}

// As Phi-4-mini: tied, with a quarter of each head not turned.
ModelConfig phi3_long() {
  ModelConfig config = base("phi3");
  config.tied_head = true;
  config.rope_dim = 12;
  add_longrope(config, 32);
  return config;
}

ModelConfig phi3_window() {
  ModelConfig config = base("phi3");
  config.window = 8;
  config.windowed = std::vector<bool>(4, true);
  return config;
}

ModelConfig gpt2() {
  ModelConfig config = base("gpt2");
  config.kv_heads = 4;
  config.tied_head = true;
  config.norm = formats::Norm::layer;
  config.norm_eps = 1e-5f;
  config.activation = formats::Activation::gelu_tanh;
  config.gated = false;
  config.positions = formats::Positions::learned;
  add_biases(config, {q, k, v, o, up, down});
  return config;
}

ModelConfig gpt_neo() {
  ModelConfig config = gpt2();
  config.architecture = "gpt_neo";
  config.biases = 0;
  add_biases(config, {o, up, down});
  config.attention_scale = 1.0f;
  config.window = 8;
  config.windowed = pattern(4, 2, true);
  return config;
}

}  // namespace

std::span<const ArchVariant> arch_variants() {
  static const std::vector<ArchVariant> variants = {
      {"llama_linear", "LlamaForCausalLM", true, llama_linear()},
      {"llama3", "LlamaForCausalLM", true, llama3()},
      {"llama_yarn", "LlamaForCausalLM", true, llama_yarn()},
      {"llama_bias", "LlamaForCausalLM", true, llama_bias()},
      {"smollm3", "SmolLM3ForCausalLM", true, smollm3()},
      {"mistral_window", "MistralForCausalLM", true, mistral_window()},
      {"qwen2", "Qwen2ForCausalLM", true, qwen2()},
      {"qwen3", "Qwen3ForCausalLM", true, qwen3()},
      {"gemma", "GemmaForCausalLM", true, gemma()},
      {"gemma2", "Gemma2ForCausalLM", true, gemma2()},
      {"gemma3", "Gemma3ForCausalLM", true, gemma3()},
      {"phi3_short", "Phi3ForCausalLM", true, phi3_short()},
      {"phi3_long", "Phi3ForCausalLM", true, phi3_long()},
      {"phi3_window", "Phi3ForCausalLM", true, phi3_window()},
      {"gpt2", "GPT2LMHeadModel", true, gpt2()},
      {"gpt_neo", "GPTNeoForCausalLM", false, gpt_neo()},
  };
  return variants;
}

const ArchVariant& find_variant(std::string_view name) {
  std::string known;
  for (const ArchVariant& variant : arch_variants()) {
    if (variant.name == name) {
      return variant;
    }
    known += known.empty() ? variant.name : ", " + variant.name;
  }
  throw Error(Code::bad_argument, "the model " + std::string(name) + " is not known",
              "the known ones: " + known);
}

}  // namespace crayon::test
