#include "formats/importers/rope_factors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "base/error.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using formats::RopeScaling;

ModelConfig config_of(std::uint32_t head_dim) {
  ModelConfig config;
  config.head_dim = head_dim;
  config.max_context = 131072;
  config.rope_theta = 500000.0f;
  return config;
}

// As conversion tools compute them for Llama 3, with the published 1 and 4.
std::vector<float> llama3_factors(std::uint32_t head_dim, double factor, double context) {
  std::vector<float> factors;
  for (std::uint32_t i = 0; i < head_dim / 2; ++i) {
    const double length =
        2 * std::numbers::pi * std::pow(500000.0, 2.0 * i / static_cast<double>(head_dim));
    const double smooth = (context / length - 1) / 3;
    const double value = length < context / 4 ? 1.0
                         : length > context   ? factor
                                              : 1 / ((1 - smooth) / factor + smooth);
    factors.push_back(static_cast<float>(value));
  }
  return factors;
}

TEST(RopeFactors, FindsThePublishedParameters) {
  for (const std::uint32_t head_dim : {64u, 128u}) {
    for (const double factor : {8.0, 32.0}) {
      ModelConfig config = config_of(head_dim);
      set_rope_factors(config, llama3_factors(head_dim, factor, 8192));
      EXPECT_EQ(config.rope_scaling, RopeScaling::llama3);
      EXPECT_EQ(config.rope_factor, static_cast<float>(factor));
      EXPECT_EQ(config.rope_original_context, 8192u);
    }
  }
}

TEST(RopeFactors, AnyContextThatExplainsThemWillDo) {
  // With four frequencies none is blended, so the context is not fixed by the factors.
  ModelConfig config = config_of(8);
  const std::vector<float> factors = llama3_factors(8, 8, 8192);
  set_rope_factors(config, factors);
  const std::vector<float> again = llama3_factors(8, 8, config.rope_original_context);
  EXPECT_EQ(again, factors);
}

TEST(RopeFactors, OnesAreNoScaling) {
  ModelConfig config = config_of(64);
  set_rope_factors(config, std::vector<float>(32, 1.0f));
  EXPECT_EQ(config, config_of(64));
}

TEST(RopeFactors, KeepsWhatNoParametersExplain) {
  const auto kept = [](const std::vector<float>& factors) {
    ModelConfig config = config_of(64);
    set_rope_factors(config, factors);
    return config.rope_scaling == RopeScaling::longrope && config.rope_short_factors == factors &&
           config.rope_long_factors == factors && config.rope_magnitude == 1.0f &&
           config.rope_original_context == config.max_context;
  };
  const std::vector<float> factors = llama3_factors(64, 8, 8192);
  EXPECT_FALSE(kept(factors));
  EXPECT_TRUE(kept(std::vector<float>(32, 0.5f)));
  for (std::size_t i = 0; i < factors.size(); ++i) {
    std::vector<float> other = factors;
    other[i] *= 1.5f;
    EXPECT_TRUE(kept(other)) << i;
  }
}

TEST(RopeFactors, AThetaThatIsNoPositiveNumberExplainsNothing) {
  for (const float theta : {0.0f, -2.0f, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()}) {
    ModelConfig config = config_of(64);
    config.rope_theta = theta;
    set_rope_factors(config, llama3_factors(64, 8, 8192));
    EXPECT_EQ(config.rope_scaling, RopeScaling::longrope) << theta;
  }
}

TEST(RopeFactors, RefusesWhatIsNoPositiveNumber) {
  for (const float bad : {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity()}) {
    ModelConfig config = config_of(64);
    EXPECT_THROW(set_rope_factors(config, std::vector<float>(32, bad)), Error) << bad;
  }
}

}  // namespace
}  // namespace crayon::importers
