#include <fmt/format.h>

#include <array>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "formats/error_context.h"
#include "formats/importers/gguf_config.h"
#include "formats/importers/rope_factors.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using formats::RopeScaling;

constexpr std::string_view factors_name = "rope_freqs.weight";
constexpr std::string_view short_name = "rope_factors_short.weight";
constexpr std::string_view long_name = "rope_factors_long.weight";
constexpr std::array rope_tensors = {factors_name, short_name, long_name};

// What each frequency is divided by.
std::vector<float> read_factors(const GgufFile& file, std::string_view name,
                                const ModelConfig& config) {
  const GgufTensor* tensor = file.find_tensor(name);
  if (tensor == nullptr) {
    throw Error(Code::missing_tensor,
                fmt::format("{} lacks the tensor {}", file.path().string(), name),
                "copy or convert the model again");
  }
  if (tensor->shape != formats::Shape{1, config.rotated_dim() / 2}) {
    throw Error(Code::bad_shape,
                fmt::format("{}: {} is {} x {}, but {} numbers of a head turn in pairs",
                            file.path().string(), name, tensor->shape.rows, tensor->shape.cols,
                            config.rotated_dim()));
  }
  std::vector<float> factors(tensor->shape.cols);
  file.read_rows(*tensor, 0, 1, factors);
  return factors;
}

void read_rotated_dim(GgufKeys& keys, const Architecture& architecture, ModelConfig& config) {
  constexpr std::string_view key = "rope.dimension_count";
  const std::uint32_t rotated = keys.size(key).value_or(config.head_dim);
  if (rotated == config.head_dim) {
    return;
  }
  if (architecture.gguf_interleaves_rope || rotated == 0) {
    keys.fail_unsupported(key, fmt::format("{}, but heads have {}", rotated, config.head_dim));
  }
  config.rope_dim = rotated;
}

// A value that must be there for nothing, as readers of these files ignore it or disagree.
void require(GgufKeys& keys, std::string_view key, double expected) {
  const float value = keys.number(key).value_or(static_cast<float>(expected));
  if (std::abs(value - expected) > 1e-4) {
    keys.fail_unsupported(key, fmt::format("{}, not {}", value, expected));
  }
}

void read_yarn(GgufKeys& keys, float factor, float attention, ModelConfig& config) {
  const double magnitude = factor <= 1.0f ? 1.0 : 0.1 * std::log(static_cast<double>(factor)) + 1.0;
  require(keys, "rope.scaling.yarn_ext_factor", 1.0);
  // Converters write what the model wants there, and llama.cpp computes it anew.
  require(keys, "rope.scaling.yarn_attn_factor", magnitude);
  config.rope_scaling = RopeScaling::yarn;
  config.rope_factor = factor;
  config.rope_original_context =
      keys.size("rope.scaling.original_context_length").value_or(config.max_context);
  config.rope_beta_fast =
      keys.number("rope.scaling.yarn_beta_fast").value_or(config.rope_beta_fast);
  config.rope_beta_slow =
      keys.number("rope.scaling.yarn_beta_slow").value_or(config.rope_beta_slow);
  config.rope_magnitude = static_cast<float>(magnitude * static_cast<double>(attention));
}

void read_longrope(GgufKeys& keys, float attention, ModelConfig& config) {
  config.rope_scaling = RopeScaling::longrope;
  config.rope_original_context =
      keys.size("rope.scaling.original_context_length").value_or(config.max_context);
  config.rope_short_factors = read_factors(keys.file(), short_name, config);
  config.rope_long_factors = read_factors(keys.file(), long_name, config);
  config.rope_magnitude = attention;
}

void read_scaling(GgufKeys& keys, ModelConfig& config) {
  constexpr std::string_view type_key = "rope.scaling.type";
  constexpr std::string_view attention_key = "rope.scaling.attn_factor";
  const std::string* named = keys.text(type_key);
  const bool has_factors = keys.file().find_tensor(long_name) != nullptr ||
                           keys.file().find_tensor(short_name) != nullptr;
  // Without a type, a factor is linear; files of 2023 have it as rope.scale_linear.
  const std::string type = named != nullptr ? *named : has_factors ? "longrope" : "linear";
  const auto old_factor = keys.number("rope.scale_linear");
  const float given = keys.number("rope.scaling.factor").value_or(old_factor.value_or(0.0f));
  const float factor = given == 0.0f ? 1.0f : given;
  const float attention = keys.number(attention_key).value_or(1.0f);
  if (type == "longrope") {
    read_longrope(keys, attention, config);
    return;
  }
  if (has_factors) {
    keys.fail_unsupported(type_key, fmt::format("{}, beside {}", type, long_name));
  }
  if (type == "yarn") {
    read_yarn(keys, factor, attention, config);
    return;
  }
  if (type != "linear" && type != "none") {
    keys.fail_unsupported(type_key, type);
  }
  if (attention != 1.0f) {
    keys.fail_unsupported(attention_key, fmt::to_string(attention));
  }
  if (type == "linear" && factor != 1.0f) {
    config.rope_scaling = RopeScaling::linear;
    config.rope_factor = factor;
  }
}

}  // namespace

void read_gguf_rope(GgufKeys& keys, const Architecture& architecture, ModelConfig& config) {
  config.rope_theta = keys.number("rope.freq_base").value_or(config.rope_theta);
  read_rotated_dim(keys, architecture, config);
  read_scaling(keys, config);
  if (keys.file().find_tensor(factors_name) == nullptr) {
    return;
  }
  if (config.rope_scaling != RopeScaling::none) {
    keys.fail_unsupported("rope.scaling.type", fmt::format("there, beside {}", factors_name));
  }
  const std::vector<float> factors = read_factors(keys.file(), factors_name, config);
  formats::in_file(keys.file().path(), [&] { set_rope_factors(config, factors); });
}

std::span<const std::string_view> gguf_rope_tensors() {
  return rope_tensors;
}

}  // namespace crayon::importers
