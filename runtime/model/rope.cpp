#include "runtime/model/rope.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <utility>

namespace crayon::model {
namespace {

/// Llama 3.1: short wavelengths stay, long ones are stretched by the factor, and those between
/// the two limits are blended.
double llama3_frequency(double frequency, const formats::ModelConfig& config) {
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  const double original = config.rope_original_context;
  const double low = config.rope_low_freq_factor;
  const double high = config.rope_high_freq_factor;
  if (wavelength < original / high) {
    return frequency;
  }
  const double stretched = frequency / config.rope_factor;
  if (wavelength > original / low) {
    return stretched;
  }
  const double share = (original / wavelength - low) / (high - low);
  return (1.0 - share) * stretched + share * frequency;
}

/// The pair, as a real number, that turns so many times in the original context.
double yarn_pair(double turns, const formats::ModelConfig& config) {
  const double original = config.rope_original_context;
  return config.rotated_dim() * std::log(original / (turns * 2.0 * std::numbers::pi)) /
         (2.0 * std::log(static_cast<double>(config.rope_theta)));
}

/// YaRN: pairs that turn often stay, those that turn seldom are stretched by the factor, and
/// between the two the share rises from pair to pair. The limits are whole pairs, as in the
/// implementation of its authors.
double yarn_frequency(double frequency, std::size_t pair, const formats::ModelConfig& config) {
  const double last = config.rotated_dim() - 1;
  const double low = std::max(std::floor(yarn_pair(config.rope_beta_fast, config)), 0.0);
  const double high = std::min(std::ceil(yarn_pair(config.rope_beta_slow, config)), last);
  const double width = std::max(high - low, 0.001);
  const double stretched = std::clamp((static_cast<double>(pair) - low) / width, 0.0, 1.0);
  return frequency * ((1.0 - stretched) + stretched / config.rope_factor);
}

std::vector<double> unscaled(double theta, std::uint32_t rotated) {
  std::vector<double> frequencies(rotated / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] = std::pow(theta, -2.0 * static_cast<double>(i) / rotated);
  }
  return frequencies;
}

bool rotates(const formats::ModelConfig& config) {
  return config.positions == formats::Positions::rope;
}

bool has_window_table(const formats::ModelConfig& config) {
  return rotates(config) && !config.windowed.empty() && config.rope_window_theta != 0.0f;
}

}  // namespace

std::vector<double> rope_frequencies(const formats::ModelConfig& config, std::uint32_t context) {
  std::vector<double> frequencies = unscaled(config.rope_theta, config.rotated_dim());
  const std::vector<float>& factors =
      context > config.rope_original_context ? config.rope_long_factors : config.rope_short_factors;
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    switch (config.rope_scaling) {
      case formats::RopeScaling::none:
        break;
      case formats::RopeScaling::linear:
        frequencies[i] /= config.rope_factor;
        break;
      case formats::RopeScaling::llama3:
        frequencies[i] = llama3_frequency(frequencies[i], config);
        break;
      case formats::RopeScaling::yarn:
        frequencies[i] = yarn_frequency(frequencies[i], i, config);
        break;
      case formats::RopeScaling::longrope:
        frequencies[i] /= factors[i];
        break;
    }
  }
  return frequencies;
}

std::vector<double> window_rope_frequencies(const formats::ModelConfig& config) {
  return unscaled(config.rope_window_theta, config.rotated_dim());
}

RopeTable::RopeTable(std::vector<double> frequencies, double magnitude, std::uint32_t context)
    : frequencies_(std::move(frequencies)),
      magnitude_(magnitude),
      half_(frequencies_.size()),
      cos_(std::uint64_t{context} * half_),
      sin_(std::uint64_t{context} * half_) {}

void RopeTable::extend(std::uint32_t end) {
  assert(std::uint64_t{end} * half_ <= cos_.size());
  for (; end_ < end; ++end_) {
    for (std::size_t i = 0; i < half_; ++i) {
      const double angle = static_cast<double>(end_) * frequencies_[i];
      cos_.data()[end_ * half_ + i] = static_cast<float>(magnitude_ * std::cos(angle));
      sin_.data()[end_ * half_ + i] = static_cast<float>(magnitude_ * std::sin(angle));
    }
  }
}

void RopeTable::turn_back(float* head, std::uint32_t positions) const {
  assert(positions < end_);
  const auto unit = static_cast<float>(1.0 / magnitude_);  // the tables have it as a factor
  const float* const cosines = cos(positions);
  const float* const sines = sin(positions);
  for (std::size_t i = 0; i < half_; ++i) {
    const float c = unit * cosines[i];
    const float s = unit * sines[i];
    const float x = head[i];
    const float y = head[i + half_];
    head[i] = x * c + y * s;
    head[i + half_] = y * c - x * s;
  }
}

Rotation::Rotation(const formats::ModelConfig& config, std::uint32_t context)
    : of_layer_(config.layers, -1) {
  if (!rotates(config)) {
    return;
  }
  tables_.emplace_back(rope_frequencies(config, context),
                       static_cast<double>(config.rope_magnitude), context);
  if (has_window_table(config)) {
    tables_.emplace_back(window_rope_frequencies(config), 1.0, context);
  }
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    if (config.is_rotated(layer)) {
      of_layer_[layer] = has_window_table(config) && config.is_windowed(layer) ? 1 : 0;
    }
  }
}

void Rotation::extend(std::uint32_t end) {
  for (RopeTable& table : tables_) {
    table.extend(end);
  }
}

const RopeTable* Rotation::of(std::uint32_t layer) const {
  const std::int8_t table = of_layer_[layer];
  return table < 0 ? nullptr : &tables_[static_cast<std::size_t>(table)];
}

std::uint64_t Rotation::bytes(const formats::ModelConfig& config, std::uint32_t context) {
  const std::uint64_t tables = (rotates(config) ? 1u : 0u) + (has_window_table(config) ? 1u : 0u);
  return tables * context * (config.rotated_dim() / 2) * 2 * sizeof(float);
}

}  // namespace crayon::model
