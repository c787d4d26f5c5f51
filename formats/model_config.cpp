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

void check_rope(const ModelConfig& config) {
  check_positive("rope_theta", config.rope_theta);
  switch (config.rope_scaling) {
    case RopeScaling::none:
      return;
    case RopeScaling::linear:
      check_positive("rope_factor", config.rope_factor);
      return;
    case RopeScaling::llama3:
      check_positive("rope_factor", config.rope_factor);
      check_positive("rope_low_freq_factor", config.rope_low_freq_factor);
      check_positive("rope_high_freq_factor", config.rope_high_freq_factor);
      // Frequencies between the two are blended over their difference.
      if (config.rope_high_freq_factor <= config.rope_low_freq_factor) {
        fail(Code::corrupt, "rope_high_freq_factor",
             fmt::format("{} is not above rope_low_freq_factor, {}", config.rope_high_freq_factor,
                         config.rope_low_freq_factor));
      }
      check_size("rope_original_context", config.rope_original_context, max_positions);
      return;
  }
  fail(Code::corrupt, "rope_scaling",
       fmt::format("{} is not known", static_cast<int>(config.rope_scaling)));
}

void check_fields(const ModelConfig& config) {
  if (config.architecture.empty() || config.architecture.size() > 64) {
    fail(Code::corrupt, "architecture", "a name of 1 to 64 bytes is needed");
  }
  check_size("vocab_size", config.vocab_size, max_vocab);
  check_size("dim", config.dim, max_dim);
  check_size("layers", config.layers, max_layers);
  check_size("heads", config.heads, max_heads);
  check_size("kv_heads", config.kv_heads, config.heads);
  if (config.heads % config.kv_heads != 0) {
    fail(Code::corrupt, "kv_heads",
         fmt::format("{} does not divide the {} heads", config.kv_heads, config.heads));
  }
  check_size("head_dim", config.head_dim, max_head_dim);
  if (config.head_dim % 2 != 0) {
    fail(Code::corrupt, "head_dim", fmt::format("{} is odd; RoPE turns pairs", config.head_dim));
  }
  check_size("hidden_dim", config.hidden_dim, max_hidden_dim);
  check_size("max_context", config.max_context, max_positions);
  check_positive("norm_eps", config.norm_eps);
  check_rope(config);
}

}  // namespace

void check(const ModelConfig& config) {
  in_field("config", [&] { check_fields(config); });
}

}  // namespace crayon::formats
