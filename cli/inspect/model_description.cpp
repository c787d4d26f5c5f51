#include "cli/inspect/model_description.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace crayon::cli {
namespace {

using formats::ModelConfig;

const char* rope_name(formats::RopeScaling scaling) {
  switch (scaling) {
    case formats::RopeScaling::none:
      return "none";
    case formats::RopeScaling::linear:
      return "linear";
    case formats::RopeScaling::llama3:
      return "llama3";
    case formats::RopeScaling::yarn:
      return "yarn";
    case formats::RopeScaling::longrope:
      return "longrope";
  }
  return "unknown";
}

bool has_rope(const ModelConfig& config) {
  return config.positions == formats::Positions::rope;
}

const char* activation_name(formats::Activation activation) {
  switch (activation) {
    case formats::Activation::silu:
      return "silu";
    case formats::Activation::gelu_tanh:
      return "gelu_tanh";
    case formats::Activation::gelu_quick:
      return "gelu_quick";
    case formats::Activation::gelu_erf:
      return "gelu_erf";
  }
  return "";
}

std::vector<std::string_view> biased(const ModelConfig& config) {
  std::vector<std::string_view> names;
  for (const formats::Projection which : formats::all_projections) {
    if (config.has_bias(which)) {
      names.push_back(formats::projection_name(which));
    }
  }
  return names;
}

std::size_t marked(const std::vector<bool>& layers) {
  return static_cast<std::size_t>(std::ranges::count(layers, true));
}

}  // namespace

Json config_json(const ModelConfig& config) {
  Json json = {{"architecture", config.architecture},
               {"vocab_size", config.vocab_size},
               {"dim", config.dim},
               {"layers", config.layers},
               {"heads", config.heads},
               {"kv_heads", config.kv_heads},
               {"head_dim", config.head_dim},
               {"hidden_dim", config.hidden_dim},
               {"max_context", config.max_context},
               {"tied_head", config.tied_head},
               {"norm", config.norm == formats::Norm::rms ? "rms" : "layer"},
               {"norm_eps", config.norm_eps},
               {"post_norms", config.post_norms},
               {"qk_norm", config.qk_norm},
               {"activation", activation_name(config.activation)},
               {"gated", config.gated},
               {"biases", biased(config)},
               {"embedding_scale", config.embedding_scale},
               {"attention_scale", config.attention_scale},
               {"attention_softcap", config.attention_softcap},
               {"logit_softcap", config.logit_softcap},
               {"window", config.window},
               {"windowed", config.windowed},
               {"unrotated", config.unrotated},
               {"positions", has_rope(config) ? "rope" : "learned"},
               {"causal", config.causal},
               {"smoothed", config.smoothed},
               {"static_ranges", config.static_ranges}};
  if (has_rope(config)) {
    json.update({{"rope_dim", config.rotated_dim()},
                 {"rope_theta", config.rope_theta},
                 {"rope_window_theta", config.rope_window_theta},
                 {"rope_scaling", rope_name(config.rope_scaling)},
                 {"rope_factor", config.rope_factor},
                 {"rope_low_freq_factor", config.rope_low_freq_factor},
                 {"rope_high_freq_factor", config.rope_high_freq_factor},
                 {"rope_original_context", config.rope_original_context},
                 {"rope_beta_fast", config.rope_beta_fast},
                 {"rope_beta_slow", config.rope_beta_slow},
                 {"rope_magnitude", config.rope_magnitude},
                 {"rope_short_factors", config.rope_short_factors},
                 {"rope_long_factors", config.rope_long_factors}});
  }
  return json;
}

std::string positions_text(const ModelConfig& config) {
  if (!has_rope(config)) {
    return fmt::format("{}, learned", config.max_context);
  }
  return fmt::format("{}, RoPE base {:g}, scaling {}", config.max_context, config.rope_theta,
                     rope_name(config.rope_scaling));
}

std::string differences_text(const ModelConfig& config) {
  std::vector<std::string> parts;
  const auto add = [&](bool differs, const std::string& text) {
    if (differs) {
      parts.push_back(text);
    }
  };
  add(config.norm == formats::Norm::layer, "LayerNorm");
  add(config.post_norms, "norms behind the blocks");
  add(config.qk_norm, "norms of queries and keys");
  add(config.activation == formats::Activation::gelu_tanh, "GELU");
  add(config.activation == formats::Activation::gelu_quick, "quick GELU");
  add(config.activation == formats::Activation::gelu_erf, "exact GELU");
  add(!config.causal, "every position sees all");
  add(!config.gated, "MLP without gate");
  add(config.biases != 0, fmt::format("biases on {}", fmt::join(biased(config), " ")));
  add(config.attention_softcap != 0 || config.logit_softcap != 0, "soft caps");
  add(marked(config.windowed) != 0,
      fmt::format("window of {} in {} layers", config.window, marked(config.windowed)));
  add(marked(config.unrotated) != 0, fmt::format("no RoPE in {} layers", marked(config.unrotated)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

const char* kv_name(model::KvDtype kv) {
  switch (kv) {
    case model::KvDtype::f16:
      return "f16";
    case model::KvDtype::f32:
      return "f32";
    case model::KvDtype::i8:
      return "i8";
  }
  return "";
}

std::uint64_t weights_in(const formats::BundleInfo& info) {
  std::uint64_t count = 0;
  for (const formats::TensorEntry& tensor : info.tensors) {
    count += tensor.shape.rows * tensor.shape.cols;  // checked when the bundle was opened
  }
  return count;
}

}  // namespace crayon::cli
