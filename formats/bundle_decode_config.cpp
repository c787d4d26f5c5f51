// fbs::Config -> ModelConfig.

#include <algorithm>
#include <array>

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

std::array<float, 3> decode_colours(const flatbuffers::Vector<float>* values,
                                    std::string_view field) {
  std::array<float, 3> colours{};
  if (size_of(values, colours.size(), field) != colours.size()) {
    fail(Code::corrupt, field, "a number for each of three colours is needed");
  }
  std::copy(values->begin(), values->end(), colours.begin());
  return colours;
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
          .activation = to_enum(config.activation(), Activation::gelu_erf, "activation"),
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
          .causal = config.causal(),
          .input_norm = config.input_norm(),
          .output_dim = config.output_dim(),
          .image_size = config.image_size(),
          .patch_size = config.patch_size(),
          .smoothed = config.smoothed(),
          .static_ranges = config.static_ranges()};
}

ImageTower decode_image(const fbs::ImageTower& image) {
  if (image.config() == nullptr) {
    fail(Code::corrupt, "config", "it is missing");
  }
  return {.config = in_field("config", [&] { return decode_config(*image.config()); }),
          .pixels = {.mean = decode_colours(image.pixel_mean(), "pixel_mean"),
                     .deviation = decode_colours(image.pixel_deviation(), "pixel_deviation")},
          .logit_scale = image.logit_scale()};
}

}  // namespace crayon::formats
