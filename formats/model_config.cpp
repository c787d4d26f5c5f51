#include "formats/model_config.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "base/error.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

// Several times what any model has today; small enough that products of two sizes fit 64 bits
// and query_dim() fits 32.
constexpr std::uint32_t max_vocab = 1u << 20;
constexpr std::uint32_t max_dim = 1u << 16;
constexpr std::uint32_t max_hidden_dim = 1u << 18;
constexpr std::uint32_t max_layers = 1024;
constexpr std::uint32_t max_heads = 1024;
constexpr std::uint32_t max_head_dim = 1024;
constexpr std::uint32_t max_positions = 1u << 24;
// An encoder's tower takes all its positions at once.
constexpr std::uint32_t max_encoder_context = 4096;
constexpr std::uint32_t max_image_size = 4096;
constexpr std::uint32_t max_patch_size = 256;

void check_size(std::string_view field, std::uint32_t value, std::uint32_t limit) {
  if (value == 0 || value > limit) {
    fail(Code::corrupt, field, fmt::format("{} is not in 1..{}", value, limit));
  }
}

void check_positive(std::string_view field, float value) {
  if (!std::isfinite(value) || value <= 0.0f) {
    fail(Code::corrupt, field, fmt::format("{} is not a positive number", value));
  }
}

void check_not_negative(std::string_view field, float value) {
  if (!std::isfinite(value) || value < 0.0f) {
    fail(Code::corrupt, field, fmt::format("{} is not 0 or a positive number", value));
  }
}

void check_entries(std::string_view field, std::size_t entries, std::size_t needed) {
  if (entries != needed) {
    fail(Code::corrupt, field, fmt::format("{} entries where {} are needed", entries, needed));
  }
}

void check_llama3(const ModelConfig& config) {
  check_positive("rope_low_freq_factor", config.rope_low_freq_factor);
  check_positive("rope_high_freq_factor", config.rope_high_freq_factor);
  // Frequencies between the two are blended over their difference.
  if (config.rope_high_freq_factor <= config.rope_low_freq_factor) {
    fail(Code::corrupt, "rope_high_freq_factor",
         fmt::format("{} is not above rope_low_freq_factor, {}", config.rope_high_freq_factor,
                     config.rope_low_freq_factor));
  }
}

void check_yarn(const ModelConfig& config) {
  check_positive("rope_beta_fast", config.rope_beta_fast);
  check_positive("rope_beta_slow", config.rope_beta_slow);
  if (config.rope_beta_fast <= config.rope_beta_slow) {
    fail(Code::corrupt, "rope_beta_fast",
         fmt::format("{} is not above rope_beta_slow, {}", config.rope_beta_fast,
                     config.rope_beta_slow));
  }
  if (config.rope_theta <= 1.0f) {
    fail(Code::corrupt, "rope_theta",
         fmt::format("{} is not above 1, as yarn needs it", config.rope_theta));
  }
}

void check_factors(std::string_view field, const std::vector<float>& factors,
                   const ModelConfig& config) {
  const bool needed = config.rope_scaling == RopeScaling::longrope;
  check_entries(field, factors.size(), needed ? config.rotated_dim() / 2 : 0);
  for (const float factor : factors) {
    check_positive(field, factor);
  }
}

void check_rope(const ModelConfig& config) {
  if (config.rope_dim > config.head_dim || config.rotated_dim() % 2 != 0) {
    fail(Code::corrupt, config.rope_dim == 0 ? "head_dim" : "rope_dim",
         fmt::format("{} of {} numbers; RoPE turns pairs", config.rotated_dim(), config.head_dim));
  }
  check_positive("rope_theta", config.rope_theta);
  check_not_negative("rope_window_theta", config.rope_window_theta);
  check_positive("rope_magnitude", config.rope_magnitude);
  check_factors("rope_short_factors", config.rope_short_factors, config);
  check_factors("rope_long_factors", config.rope_long_factors, config);
  const RopeScaling scaling = config.rope_scaling;
  if (scaling == RopeScaling::none) {
    return;
  }
  if (scaling != RopeScaling::longrope) {
    check_positive("rope_factor", config.rope_factor);
  }
  if (scaling != RopeScaling::linear) {
    check_size("rope_original_context", config.rope_original_context, max_positions);
  }
  if (scaling == RopeScaling::llama3) {
    check_llama3(config);
  } else if (scaling == RopeScaling::yarn) {
    check_yarn(config);
  }
}

void check_attention(const ModelConfig& config) {
  check_not_negative("attention_scale", config.attention_scale);
  check_not_negative("attention_softcap", config.attention_softcap);
  if (!config.windowed.empty()) {
    check_entries("windowed", config.windowed.size(), config.layers);
    check_size("window", config.window, max_positions);
  }
  if (!config.unrotated.empty()) {
    check_entries("unrotated", config.unrotated.size(), config.layers);
  }
}

/// The number of a field of encoders, which is 0 in any other model.
void check_absent(std::string_view field, std::uint32_t value) {
  if (value != 0) {
    fail(Code::corrupt, field, fmt::format("{} in a model that cannot have it", value));
  }
}

void check_image(const ModelConfig& config) {
  check_size("image_size", config.image_size, max_image_size);
  check_size("patch_size", config.patch_size, max_patch_size);
  if (config.image_size % config.patch_size != 0) {
    fail(
        Code::corrupt, "patch_size",
        fmt::format("{} does not divide the image_size, {}", config.patch_size, config.image_size));
  }
  if (config.max_context != config.patches() + 1) {
    fail(
        Code::corrupt, "max_context",
        fmt::format("{} for {} patches and the class token", config.max_context, config.patches()));
  }
  if (config.positions != Positions::learned) {
    fail(Code::corrupt, "positions", "those of patches are learned");
  }
  check_absent("vocab_size", config.vocab_size);
}

void check_tower(const ModelConfig& config) {
  if (!config.is_encoder()) {
    check_absent("image_size", config.image_size);
  } else {
    check_size("output_dim", config.output_dim, max_dim);
    check_size("max_context", config.max_context, max_encoder_context);
    check_absent("tied_head", config.tied_head ? 1 : 0);
  }
  if (!config.causal && !config.is_encoder()) {
    fail(Code::corrupt, "causal", "a model with logits needs it");
  }
  if (config.reads_image()) {
    check_image(config);
  } else {
    check_size("vocab_size", config.vocab_size, max_vocab);
    check_absent("patch_size", config.patch_size);
  }
  const bool has_gated_form =
      config.activation == Activation::silu || config.activation == Activation::gelu_tanh;
  if (config.gated && !has_gated_form) {
    fail(Code::unsupported, "activation", "it is known without a gate alone");
  }
}

void check_fields(const ModelConfig& config) {
  if (config.architecture.empty() || config.architecture.size() > 64) {
    fail(Code::corrupt, "architecture", "a name of 1 to 64 bytes is needed");
  }
  check_tower(config);
  check_size("dim", config.dim, max_dim);
  check_size("layers", config.layers, max_layers);
  check_size("heads", config.heads, max_heads);
  check_size("kv_heads", config.kv_heads, config.heads);
  if (config.heads % config.kv_heads != 0) {
    fail(Code::corrupt, "kv_heads",
         fmt::format("{} does not divide the {} heads", config.kv_heads, config.heads));
  }
  check_size("head_dim", config.head_dim, max_head_dim);
  check_size("hidden_dim", config.hidden_dim, max_hidden_dim);
  check_size("max_context", config.max_context, max_positions);
  check_positive("norm_eps", config.norm_eps);
  check_positive("embedding_scale", config.embedding_scale);
  check_not_negative("logit_softcap", config.logit_softcap);
  if (config.biases >> all_projections.size() != 0 ||
      (!config.gated && config.has_bias(Projection::gate))) {
    fail(Code::corrupt, "biases",
         fmt::format("{} names a projection that is not there", config.biases));
  }
  check_attention(config);
  if (config.positions == Positions::rope) {
    check_rope(config);
  }
}

}  // namespace

void check(const ModelConfig& config) {
  in_field("config", [&] { check_fields(config); });
}

}  // namespace crayon::formats
