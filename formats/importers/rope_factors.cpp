#include "formats/importers/rope_factors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "base/error.h"
#include "formats/error_context.h"

namespace crayon::importers {
namespace {

constexpr double low_freq_factor = 1.0;
constexpr double high_freq_factor = 4.0;
constexpr double largest_context = 1 << 24;
constexpr double tolerance = 1e-3;  // relative; the file's factors are f32

// Positions in one turn of frequency i.
std::vector<double> wavelengths(const formats::ModelConfig& config) {
  std::vector<double> lengths(config.rotated_dim() / 2);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / config.rotated_dim();
    lengths[i] = 2.0 * std::numbers::pi * std::pow(config.rope_theta, exponent);
  }
  return lengths;
}

// What Llama 3 divides a frequency of this wavelength by.
double llama3_factor(double wavelength, double factor, double context) {
  if (wavelength < context / high_freq_factor) {
    return 1.0;
  }
  if (wavelength > context / low_freq_factor) {
    return factor;
  }
  const double smooth =
      (context / wavelength - low_freq_factor) / (high_freq_factor - low_freq_factor);
  return 1.0 / ((1.0 - smooth) / factor + smooth);
}

// The original context that explains the factors, each 1 <= f <= `largest`; 0 when none could.
double find_context(std::span<const float> factors, const std::vector<double>& lengths,
                    double largest) {
  double above = 0.0;  // any context above it leaves the frequencies with factor 1 alone
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const double share = 1.0 / factors[i];
    if (factors[i] > 1.0f + tolerance && factors[i] < largest * (1.0 - tolerance)) {
      // A blended frequency: llama3_factor solved for the context.
      const double smooth = (share - 1.0 / largest) / (1.0 - 1.0 / largest);
      return std::round(lengths[i] *
                        (low_freq_factor + smooth * (high_freq_factor - low_freq_factor)));
    }
    if (factors[i] <= 1.0f + tolerance) {
      above = std::max(above, lengths[i] * high_freq_factor);
    }
  }
  return std::floor(above) + 1.0;
}

// False, with `config` as it was, when no parameters of Llama 3 explain the factors.
bool set_llama3(formats::ModelConfig& config, std::span<const float> factors) {
  if (!(config.rope_theta > 0.0f) ||  // not checked yet
      std::ranges::any_of(factors, [](float factor) { return factor < 1.0f; })) {
    return false;
  }
  const std::vector<double> lengths = wavelengths(config);
  const double largest = *std::ranges::max_element(factors);
  const double context = find_context(factors, lengths, largest);
  if (!(context >= 1.0 && context <= largest_context)) {
    return false;
  }
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const double expected = llama3_factor(lengths[i], largest, context);
    if (std::abs(factors[i] - expected) > tolerance * expected) {
      return false;
    }
  }
  config.rope_scaling = formats::RopeScaling::llama3;
  config.rope_factor = static_cast<float>(largest);
  config.rope_low_freq_factor = static_cast<float>(low_freq_factor);
  config.rope_high_freq_factor = static_cast<float>(high_freq_factor);
  config.rope_original_context = static_cast<std::uint32_t>(context);
  return true;
}

}  // namespace

void set_rope_factors(formats::ModelConfig& config, const std::vector<float>& factors) {
  for (const float factor : factors) {
    if (!std::isfinite(factor) || factor <= 0.0f) {
      formats::fail(Code::corrupt, "a factor of RoPE's frequencies",
                    fmt::format("{} is not a positive number", factor));
    }
  }
  if (std::ranges::all_of(factors, [](float factor) { return factor == 1.0f; })) {
    return;  // no scaling
  }
  if (set_llama3(config, factors)) {
    return;
  }
  config.rope_scaling = formats::RopeScaling::longrope;
  config.rope_original_context = config.max_context;
  config.rope_short_factors = factors;
  config.rope_long_factors = factors;
}

}  // namespace crayon::importers
