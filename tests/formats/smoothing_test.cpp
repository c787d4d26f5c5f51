// Weights and what is written beside them; that a model computes the same is tested where it runs.
#include "formats/smoothing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "formats/activation_ranges.h"
#include "formats/packer.h"
#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::sample_model;
using test::sample_weights;
using test::TempDir;

/// Powers of two, so that every product is exact.
ChannelScales powers_of_two(const ModelConfig& config) {
  ChannelScales scales = unit_scales(config);
  int i = 0;
  for (LayerScales& layer : scales.layers) {
    for (auto* place : {&layer.qkv, &layer.o, &layer.gate_up, &layer.down}) {
      for (float& scale : *place) {
        scale = std::ldexp(1.0f, i++ % 7 - 3);
      }
    }
  }
  return scales;
}

/// Expects that `name` became itself times factor(row, column).
template <typename Factor>
void expect_scaled(const ModelSource& smoothed, const std::string& name, std::size_t cols,
                   const Factor& factor) {
  const std::vector<float> before = sample_weights(sample_model(1), name);
  const std::vector<float> after = sample_weights(smoothed, name);
  ASSERT_EQ(after.size(), before.size()) << name;
  for (std::size_t i = 0; i < before.size(); ++i) {
    ASSERT_EQ(after[i], before[i] * factor(i / cols, i % cols)) << name << " " << i;
  }
}

TEST(Smoothing, ScalesGoIntoWhatStandsBeforeAndOutOfWhatReads) {
  const ModelConfig config = test::sample_config();
  const ChannelScales scales = powers_of_two(config);
  const ModelSource smoothed = smooth(sample_model(1), scales);
  EXPECT_TRUE(smoothed.config.smoothed);
  const LayerScales& layer = scales.layers[1];
  const std::size_t dim = config.dim;
  const auto of_kv_head = [&](std::size_t channel) {  // two query heads of 2 share a KV head
    return layer.o[channel / 4 * 2 + channel % 2];
  };
  expect_scaled(smoothed, "layers.1.attention_norm", dim,
                [&](auto, auto col) { return layer.qkv[col]; });
  expect_scaled(smoothed, "layers.1.q", dim, [&](auto, auto col) { return 1 / layer.qkv[col]; });
  expect_scaled(smoothed, "layers.1.v", dim,
                [&](auto row, auto col) { return layer.o[row] / layer.qkv[col]; });
  expect_scaled(smoothed, "layers.1.o", config.query_dim(),
                [&](auto, auto col) { return 1 / of_kv_head(col); });
  expect_scaled(smoothed, "layers.1.mlp_norm", dim,
                [&](auto, auto col) { return layer.gate_up[col]; });
  expect_scaled(smoothed, "layers.1.gate", dim,
                [&](auto, auto col) { return 1 / layer.gate_up[col]; });
  expect_scaled(smoothed, "layers.1.up", dim,
                [&](auto row, auto col) { return layer.down[row] / layer.gate_up[col]; });
  expect_scaled(smoothed, "layers.1.down", config.hidden_dim,
                [&](auto, auto col) { return 1 / layer.down[col]; });
  expect_scaled(smoothed, "token_embedding", dim, [](auto, auto) { return 1.0f; });
}

TEST(Smoothing, ScalesComeBackOutOfABundle) {
  const TempDir dir;
  const ChannelScales scales = powers_of_two(test::sample_config());
  pack_model(smooth(sample_model(1), scales), {}, dir / "smooth.crayon", {});
  const auto read = read_scales(Bundle::open(dir / "smooth.crayon"));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->layers.size(), scales.layers.size());
  EXPECT_EQ(read->layers[0].qkv, scales.layers[0].qkv);
  EXPECT_EQ(read->layers[1].o, scales.layers[1].o);
  EXPECT_EQ(read->layers[1].gate_up, scales.layers[1].gate_up);
  EXPECT_EQ(read->layers[1].down, scales.layers[1].down);

  pack_model(sample_model(1), {}, dir / "plain.crayon", {});
  EXPECT_FALSE(read_scales(Bundle::open(dir / "plain.crayon")));
}

TEST(Smoothing, RefusesScalesThatAreNotTheModels) {
  const ChannelScales good = unit_scales(test::sample_config());
  EXPECT_EQ(code_of([&] { smooth(smooth(sample_model(1), good), good); }), Code::bad_argument);
  ChannelScales scales = good;
  scales.layers.pop_back();
  EXPECT_EQ(code_of([&] { smooth(sample_model(1), scales); }), Code::bad_argument);
  scales = good;
  scales.layers[1].down.push_back(1);
  EXPECT_EQ(code_of([&] { smooth(sample_model(1), scales); }), Code::bad_argument);
  for (const float bad : {0.0f, -1.0f, 3e6f, 1e-9f, std::numeric_limits<float>::quiet_NaN()}) {
    scales = good;
    scales.layers[0].qkv[3] = bad;
    EXPECT_EQ(code_of([&] { smooth(sample_model(1), scales); }), Code::bad_argument) << bad;
  }
  std::string sentence;
  const auto read = [](const std::string&) { return std::vector<float>(3, 1.0f); };
  EXPECT_EQ(code_of([&] { scales_of(test::sample_config(), "a/file", read); }, &sentence),
            Code::corrupt);
  EXPECT_TRUE(sentence.starts_with("a/file: ")) << sentence;
}

TEST(Smoothing, FactorsAreFoldedLikeTheWeightsTheyAddTo) {
  const ModelConfig config = test::sample_config();
  const ChannelScales scales = powers_of_two(config);
  const LayerScales& layer = scales.layers[0];
  std::vector<float> a(2 * config.dim, 1.0f);  // rank 2
  fold_inputs(scales, config, 0, Projection::up, a);
  std::vector<float> b(2 * config.hidden_dim, 1.0f);
  fold_outputs(scales, 0, Projection::up, 2, b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i], 1 / layer.gate_up[i % config.dim]);
  }
  for (std::size_t i = 0; i < b.size(); ++i) {
    EXPECT_EQ(b[i], layer.down[i / 2]);
  }
  std::vector<float> of_q(2 * config.query_dim(), 1.0f);
  fold_outputs(scales, 0, Projection::q, 2, of_q);
  EXPECT_EQ(of_q, std::vector<float>(of_q.size(), 1.0f));
}

TEST(ActivationRanges, LieInTheBundleAndAreChecked) {
  const TempDir dir;
  const ActivationRanges ranges = {{1, 2, 3, 4}, {5, 6, 7, 8}};
  const ModelSource ranged = with_ranges(sample_model(1), ranges);
  pack_model(ranged, {.weights = Dtype::i8}, dir / "ranged.crayon", {});
  const Bundle bundle = Bundle::open(dir / "ranged.crayon");
  EXPECT_TRUE(bundle.info().config->static_ranges);
  EXPECT_EQ(bundle.read_f32(bundle.at(layer_tensor(1, activation_ranges))),
            (std::vector<float>{5, 6, 7, 8}));

  EXPECT_EQ(code_of([&] { with_ranges(ranged, ranges); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { with_ranges(sample_model(1), {ranges[0]}); }), Code::bad_argument);
  for (const float bad : {0.0f, -1.0f, std::numeric_limits<float>::infinity()}) {
    ActivationRanges wrong = ranges;
    wrong[1][2] = bad;
    std::string sentence;
    EXPECT_EQ(code_of([&] { with_ranges(sample_model(1), wrong); }, &sentence), Code::corrupt);
    EXPECT_NE(sentence.find("layers.1."), std::string::npos) << sentence;
  }
}

}  // namespace
}  // namespace crayon::formats
