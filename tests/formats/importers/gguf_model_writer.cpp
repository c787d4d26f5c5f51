#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "tests/formats/importers/model_writer.h"
#include "tests/formats/importers/stored_tensors.h"

namespace crayon::test {
namespace {

using formats::ModelConfig;
using formats::RopeScaling;

/// What Llama 3.1 divides each frequency by.
std::vector<float> llama3_factors(const ModelConfig& config) {
  std::vector<float> factors;
  const double original = config.rope_original_context;
  const double low = static_cast<double>(config.rope_low_freq_factor);
  const double high = static_cast<double>(config.rope_high_freq_factor);
  for (std::uint32_t pair = 0; pair < config.head_dim / 2; ++pair) {
    const double exponent = 2.0 * pair / config.head_dim;
    const double turns = original / (2 * std::numbers::pi *
                                     std::pow(static_cast<double>(config.rope_theta), exponent));
    const double stays = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    factors.push_back(static_cast<float>(
        1.0 / ((1.0 - stays) / static_cast<double>(config.rope_factor) + stays)));
  }
  return factors;
}

class KeyWriter {
 public:
  KeyWriter(const ModelConfig& config, GgufWriter& out) : config_(config), out_(out) {}

  void write() {
    out_.add_text("general.architecture", config_.architecture);
    add_sizes();
    add_window();
    add_softcaps();
    if (config_.positions == formats::Positions::rope) {
      add_rope();
    }
  }

 private:
  std::string name(const char* key) const { return config_.architecture + "." + key; }
  void size(const char* key, std::uint32_t value) { out_.add_u32(name(key), value); }
  void number(const char* key, float value) { out_.add_f32(name(key), value); }

  void add_sizes() {
    size("context_length", config_.max_context);
    size("embedding_length", config_.dim);
    size("block_count", config_.layers);
    size("feed_forward_length", config_.hidden_dim);
    size("attention.head_count", config_.heads);
    if (config_.kv_heads != config_.heads) {
      size("attention.head_count_kv", config_.kv_heads);
    }
    if (config_.head_dim * config_.heads != config_.dim) {
      size("attention.key_length", config_.head_dim);
      size("attention.value_length", config_.head_dim);
    }
    number(config_.norm == formats::Norm::rms ? "attention.layer_norm_rms_epsilon"
                                              : "attention.layer_norm_epsilon",
           config_.norm_eps);
  }

  void add_window() {
    if (!config_.windowed.empty()) {
      size("attention.sliding_window", config_.window);
    }
  }

  void add_softcaps() {
    if (config_.attention_softcap != 0.0f) {
      number("attn_logit_softcapping", config_.attention_softcap);
    }
    if (config_.logit_softcap != 0.0f) {
      number("final_logit_softcapping", config_.logit_softcap);
    }
  }

  void add_rope() {
    number("rope.freq_base", config_.rope_theta);
    size("rope.dimension_count", config_.rotated_dim());
    if (config_.rope_scaling == RopeScaling::linear || config_.rope_scaling == RopeScaling::yarn) {
      const bool yarn = config_.rope_scaling == RopeScaling::yarn;
      out_.add_text(name("rope.scaling.type"), yarn ? "yarn" : "linear");
      number("rope.scaling.factor", config_.rope_factor);
    }
    if (config_.rope_scaling == RopeScaling::yarn) {
      size("rope.scaling.original_context_length", config_.rope_original_context);
      number("rope.scaling.yarn_beta_fast", config_.rope_beta_fast);
      number("rope.scaling.yarn_beta_slow", config_.rope_beta_slow);
    }
    if (config_.rope_scaling == RopeScaling::longrope) {
      size("rope.scaling.original_context_length", config_.rope_original_context);
      number("rope.scaling.attn_factor", config_.rope_magnitude);
    }
  }

  const ModelConfig& config_;
  GgufWriter& out_;
};

void add_tokenizer(const formats::TokenizerData& data, GgufWriter& out) {
  std::vector<std::int32_t> types;
  for (const formats::TokenType type : data.types) {
    types.push_back(type == formats::TokenType::unknown   ? 2
                    : type == formats::TokenType::control ? 3
                                                          : 1);
  }
  out.add_text("tokenizer.ggml.model", "llama");
  out.add_texts("tokenizer.ggml.tokens", data.pieces);
  out.add_floats("tokenizer.ggml.scores", data.scores);
  out.add_ints("tokenizer.ggml.token_type", types);
  out.add_u32("tokenizer.ggml.bos_token_id", 1);
  out.add_u32("tokenizer.ggml.eos_token_id", 2);
  out.add_u32("tokenizer.ggml.unknown_token_id", 0);
}

void add_rope_tensors(const ModelConfig& config, GgufWriter& out) {
  if (config.rope_scaling == RopeScaling::llama3) {
    const std::vector<float> factors = llama3_factors(config);
    out.add_f32_tensor("rope_freqs.weight", {factors.size()}, factors);
  }
  if (config.rope_scaling == RopeScaling::longrope) {
    const std::uint64_t pairs = config.rotated_dim() / 2;
    out.add_f32_tensor("rope_factors_long.weight", {pairs}, config.rope_long_factors);
    out.add_f32_tensor("rope_factors_short.weight", {pairs}, config.rope_short_factors);
  }
}

}  // namespace

GgufWriter model_gguf(const formats::ModelSource& model) {
  GgufWriter out;
  KeyWriter(model.config, out).write();
  add_tokenizer(model.tokenizer, out);
  for (const StoredTensor& tensor : stored_tensors(model, importers::Naming::gguf)) {
    out.add_f32_tensor(tensor.name, {tensor.sizes.rbegin(), tensor.sizes.rend()}, tensor.values);
  }
  add_rope_tensors(model.config, out);
  return out;
}

}  // namespace crayon::test
