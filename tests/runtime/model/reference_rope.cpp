#include "tests/runtime/model/reference_rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace crayon::test {
namespace {

using formats::ModelConfig;

/// Radians per position of one pair of a layer whose frequencies are scaled.
double scaled_frequency(const ModelConfig& config, std::uint32_t pair, std::size_t context) {
  const double theta = config.rope_theta;
  const double rotated = config.rope_dim == 0 ? config.head_dim : config.rope_dim;
  const double plain = 1 / std::pow(theta, 2.0 * pair / rotated);
  const double factor = config.rope_factor;
  const double original = config.rope_original_context;
  const double turns = original * plain / (2 * std::numbers::pi);
  switch (config.rope_scaling) {
    case formats::RopeScaling::none:
      return plain;
    case formats::RopeScaling::linear:
      return plain / factor;
    case formats::RopeScaling::llama3: {
      const double low = config.rope_low_freq_factor;
      const double high = config.rope_high_freq_factor;
      const double smooth = std::clamp((turns - low) / (high - low), 0.0, 1.0);
      return plain * (smooth + (1 - smooth) / factor);
    }
    case formats::RopeScaling::yarn: {
      // The pairs that turn beta times: theta^(-2 pair / rotated) original = 2 pi beta.
      const auto pair_of = [&](double beta) {
        return rotated / 2 * std::log(original / (2 * std::numbers::pi * beta)) / std::log(theta);
      };
      const double first = std::max(0.0, std::floor(pair_of(config.rope_beta_fast)));
      const double last = std::min(rotated - 1, std::ceil(pair_of(config.rope_beta_slow)));
      const double ramp = (pair - first) / std::max(last - first, 0.001);
      const double stretched = std::clamp(ramp, 0.0, 1.0);
      return plain / factor * stretched + plain * (1 - stretched);
    }
    case formats::RopeScaling::longrope:
      return plain / (context > config.rope_original_context ? config.rope_long_factors
                                                             : config.rope_short_factors)[pair];
  }
  return plain;
}

}  // namespace

void rotate(std::vector<double>& x, std::size_t position, std::uint32_t layer, std::size_t context,
            const ModelConfig& config) {
  if (config.positions != formats::Positions::rope ||
      (!config.unrotated.empty() && config.unrotated[layer])) {
    return;
  }
  const bool local =
      !config.windowed.empty() && config.windowed[layer] && config.rope_window_theta != 0;
  const std::uint32_t rotated = config.rope_dim == 0 ? config.head_dim : config.rope_dim;
  const std::uint32_t half = rotated / 2;
  const double magnitude = local ? 1 : static_cast<double>(config.rope_magnitude);
  for (std::size_t head = 0; head < x.size(); head += config.head_dim) {
    for (std::uint32_t i = 0; i < half; ++i) {
      const double frequency = local ? 1 / std::pow(config.rope_window_theta, 2.0 * i / rotated)
                                     : scaled_frequency(config, i, context);
      const double angle = static_cast<double>(position) * frequency;
      const double a = x[head + i];
      const double b = x[head + half + i];
      x[head + i] = magnitude * (a * std::cos(angle) - b * std::sin(angle));
      x[head + half + i] = magnitude * (a * std::sin(angle) + b * std::cos(angle));
    }
  }
}

}  // namespace crayon::test
