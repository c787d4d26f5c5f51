// fbs::Config -> ModelConfig.

#include "formats/bundle_decode_parts.h"
#include "formats/bundle_layout.h"

namespace crayon::formats {
namespace {

// A list with one entry a layer, or none.
std::vector<bool> decode_flags(const flatbuffers::Vector<std::uint8_t>* values,
                               std::string_view field) {
  std::vector<bool> flags;
  for (const std::uint8_t value : to_vector(values)) {
    if (value > 1) {
      fail(Code::corrupt, field, fmt::format("{} is neither 0 nor 1", value));
    }
    flags.push_back(value == 1);
  }
  return flags;
}

}  // namespace

ModelConfig decode_config(const fbs::Config& config) {
  return {.architecture = to_string(config.architecture(), max_name_size, "architecture"),
          .vocab_size = config.vocab_size(),
          .dim = config.dim(),
          .layers = config.layers(),
          .heads = config.heads(),
          .kv_heads = config.kv_heads(),
          .head_dim = config.head_dim(),
          .hidden_dim = config.hidden_dim(),
          .max_context = config.max_context(),
          .tied_head = config.tied_head(),
          .norm = to_enum(config.norm(), Norm::layer, "norm"),
          .norm_eps = config.norm_eps(),
          .post_norms = config.post_norms(),
          .qk_norm = config.qk_norm(),
          .activation = to_enum(config.activation(), Activation::gelu_tanh, "activation"),
          .gated = config.gated(),
          .biases = config.biases(),
          .embedding_scale = config.embedding_scale(),
          .attention_scale = config.attention_scale(),
          .attention_softcap = config.attention_softcap(),
          .logit_softcap = config.logit_softcap(),
          .window = config.window(),
          .windowed = decode_flags(config.windowed(), "windowed"),
          .unrotated = decode_flags(config.unrotated(), "unrotated"),
          .positions = to_enum(config.positions(), Positions::learned, "positions"),
          .rope_dim = config.rope_dim(),
          .rope_theta = config.rope_theta(),
          .rope_window_theta = config.rope_window_theta(),
          .rope_scaling = to_enum(config.rope_scaling(), RopeScaling::longrope, "rope_scaling"),
          .rope_factor = config.rope_factor(),
          .rope_low_freq_factor = config.rope_low_freq_factor(),
          .rope_high_freq_factor = config.rope_high_freq_factor(),
          .rope_original_context = config.rope_original_context(),
          .rope_beta_fast = config.rope_beta_fast(),
          .rope_beta_slow = config.rope_beta_slow(),
          .rope_magnitude = config.rope_magnitude(),
          .rope_short_factors = to_vector(config.rope_short_factors()),
          .rope_long_factors = to_vector(config.rope_long_factors()),
          .smoothed = config.smoothed(),
          .static_ranges = config.static_ranges()};
}

}  // namespace crayon::formats
