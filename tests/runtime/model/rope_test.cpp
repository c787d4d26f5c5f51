#include "runtime/model/rope.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/runtime/model/tiny_model.h"

namespace crayon::model {
namespace {

using formats::RopeScaling;

formats::ModelConfig rope_config() {
  formats::ModelConfig config = test::tiny_config();
  config.head_dim = 8;
  config.rope_theta = 10000.0f;
  return config;
}

TEST(Rope, FrequenciesFallByPowersOfTheta) {
  const std::vector<double> frequencies = rope_frequencies(rope_config(), 64);
  ASSERT_EQ(frequencies.size(), 4u);
  EXPECT_DOUBLE_EQ(frequencies[0], 1.0);
  EXPECT_NEAR(frequencies[1], 0.1, 1e-15);
  EXPECT_NEAR(frequencies[2], 0.01, 1e-15);
  EXPECT_NEAR(frequencies[3], 0.001, 1e-15);
}

TEST(Rope, LinearScalingDividesEveryFrequency) {
  formats::ModelConfig config = rope_config();
  config.rope_scaling = RopeScaling::linear;
  config.rope_factor = 4.0f;
  const std::vector<double> frequencies = rope_frequencies(config, 64);
  EXPECT_DOUBLE_EQ(frequencies[0], 0.25);
  EXPECT_NEAR(frequencies[3], 0.00025, 1e-15);
}

TEST(Rope, Llama3ScalingStretchesOnlyLongWavelengths) {
  formats::ModelConfig config = rope_config();
  config.rope_scaling = RopeScaling::llama3;
  config.rope_factor = 8.0f;
  config.rope_low_freq_factor = 1.0f;
  config.rope_high_freq_factor = 4.0f;
  // Wavelengths: 6.28, 62.8, 628, 6283 positions. Below 1000 / 4 nothing changes, above 1000 / 1
  // all is stretched, 628 lies between.
  config.rope_original_context = 1000;
  const std::vector<double> frequencies = rope_frequencies(config, 64);
  EXPECT_DOUBLE_EQ(frequencies[0], 1.0);
  EXPECT_NEAR(frequencies[1], 0.1, 1e-15);
  const double share = (1000.0 * 0.01 / (2 * std::numbers::pi) - 1.0) / 3.0;
  EXPECT_NEAR(share, 0.1972, 1e-4);
  EXPECT_NEAR(frequencies[2], (1 - share) * 0.01 / 8 + share * 0.01, 1e-12);
  EXPECT_NEAR(frequencies[3], 0.001 / 8, 1e-15);
}

TEST(Rope, YarnStretchesWhatTurnsSeldom) {
  formats::ModelConfig config = rope_config();
  config.rope_scaling = RopeScaling::yarn;
  config.rope_factor = 4.0f;
  config.rope_original_context = 1000;
  config.rope_beta_fast = 32.0f;
  config.rope_beta_slow = 1.0f;
  // Turns in 1000 positions: 159, 15.9, 1.59, 0.159. Pair 0.697 would turn 32 times, which rounds
  // down to 0; pair 2.202 once, which rounds up to 3.
  const std::vector<double> frequencies = rope_frequencies(config, 64);
  EXPECT_DOUBLE_EQ(frequencies[0], 1.0);
  EXPECT_NEAR(frequencies[1], 0.1 * (2.0 / 3 + 1.0 / 3 / 4), 1e-12);
  EXPECT_NEAR(frequencies[2], 0.01 * (1.0 / 3 + 2.0 / 3 / 4), 1e-12);
  EXPECT_NEAR(frequencies[3], 0.001 / 4, 1e-15);
}

TEST(Rope, LongRopeChangesItsFactorsWithTheContext) {
  formats::ModelConfig config = rope_config();
  config.rope_scaling = RopeScaling::longrope;
  config.rope_original_context = 100;
  config.rope_short_factors = {1, 1, 1, 2};
  config.rope_long_factors = {1, 2, 4, 8};
  EXPECT_NEAR(rope_frequencies(config, 100)[3], 0.001 / 2, 1e-15);
  EXPECT_NEAR(rope_frequencies(config, 100)[2], 0.01, 1e-15);
  EXPECT_NEAR(rope_frequencies(config, 101)[3], 0.001 / 8, 1e-15);
  EXPECT_NEAR(rope_frequencies(config, 101)[2], 0.01 / 4, 1e-15);
}

TEST(Rope, LayersRotateInTheirOwnWay) {
  formats::ModelConfig config = rope_config();
  config.layers = 3;
  config.rope_scaling = RopeScaling::linear;
  config.rope_factor = 8.0f;
  config.rope_magnitude = 2.0f;
  config.rope_window_theta = 100.0f;
  config.window = 4;
  config.windowed = {true, false, false};
  config.unrotated = {false, false, true};
  Rotation rotation(config, 10);
  rotation.extend(4);
  rotation.extend(10);
  rotation.extend(5);
  ASSERT_NE(rotation.of(0), nullptr);
  ASSERT_NE(rotation.of(1), nullptr);
  EXPECT_EQ(rotation.of(2), nullptr);
  EXPECT_FLOAT_EQ(rotation.of(0)->cos(3)[1], static_cast<float>(std::cos(3 / std::sqrt(10.0))));
  EXPECT_FLOAT_EQ(rotation.of(1)->sin(4)[0], static_cast<float>(2 * std::sin(0.5)));
  EXPECT_EQ(Rotation::bytes(config, 10), 2u * 10 * 8 * 4);

  config.positions = formats::Positions::learned;
  EXPECT_EQ(Rotation(config, 10).of(1), nullptr);
  EXPECT_EQ(Rotation::bytes(config, 10), 0u);
}

TEST(Rope, OnlyTheFirstNumbersOfAHeadTurn) {
  formats::ModelConfig config = rope_config();
  config.rope_dim = 4;
  const std::vector<double> frequencies = rope_frequencies(config, 64);
  ASSERT_EQ(frequencies.size(), 2u);
  EXPECT_NEAR(frequencies[1], 0.01, 1e-15);
}

TEST(Rope, TableIsExactFarOut) {
  formats::ModelConfig config = rope_config();
  const std::uint32_t context = 100001;
  RopeTable table(rope_frequencies(config, context), 1.0, context);
  table.extend(context);
  // sin and cos of 100000 rad, to 20 digits: 0.035748797972016508959, -0.99936080743821211911.
  EXPECT_FLOAT_EQ(table.sin(100000)[0], 0.035748797972016509f);
  EXPECT_FLOAT_EQ(table.cos(100000)[0], -0.99936080743821212f);
  EXPECT_EQ(table.cos(0)[3], 1.0f);
  EXPECT_EQ(table.sin(0)[3], 0.0f);
  EXPECT_EQ(Rotation::bytes(config, context), 100001u * 8 * 4);
}

}  // namespace
}  // namespace crayon::model
