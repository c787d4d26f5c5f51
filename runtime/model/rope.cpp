#include "runtime/model/rope.h"

#include <cmath>
#include <numbers>

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

}  // namespace

std::vector<double> rope_frequencies(const formats::ModelConfig& config) {
  std::vector<double> frequencies(config.head_dim / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / config.head_dim;
    double frequency = std::pow(static_cast<double>(config.rope_theta), exponent);
    if (config.rope_scaling == formats::RopeScaling::linear) {
      frequency /= config.rope_factor;
    } else if (config.rope_scaling == formats::RopeScaling::llama3) {
      frequency = llama3_frequency(frequency, config);
    }
    frequencies[i] = frequency;
  }
  return frequencies;
}

RopeTable::RopeTable(const formats::ModelConfig& config, std::uint32_t context)
    : half_(config.head_dim / 2),
      cos_(std::uint64_t{context} * half_),
      sin_(std::uint64_t{context} * half_) {
  const std::vector<double> frequencies = rope_frequencies(config);
  for (std::size_t position = 0; position < context; ++position) {
    for (std::size_t i = 0; i < half_; ++i) {
      const double angle = static_cast<double>(position) * frequencies[i];
      cos_.data()[position * half_ + i] = static_cast<float>(std::cos(angle));
      sin_.data()[position * half_ + i] = static_cast<float>(std::sin(angle));
    }
  }
}

std::uint64_t RopeTable::bytes(const formats::ModelConfig& config, std::uint32_t context) {
  return std::uint64_t{context} * (config.head_dim / 2) * 2 * sizeof(float);
}

}  // namespace crayon::model
