#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/support/support.h"
#include "tests/train/tiny_config.h"
#include "train/model/tensor_file.h"
#include "train/scales/judge.h"
#include "train/scales/learn_scales.h"

namespace crayon::train {
namespace {

using Numbers = std::vector<float>;

void expect_near(const torch::Tensor& found, const Numbers& expected, float tolerance = 1e-5f) {
  const torch::Tensor flat = found.detach().reshape({-1});
  ASSERT_EQ(flat.size(0), static_cast<std::int64_t>(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(flat[static_cast<std::int64_t>(i)].item<float>(), expected[i], tolerance) << i;
  }
}

TEST(Rounding, OfATokenAndOfAnExample) {
  const torch::Tensor x =
      torch::tensor({{{12.7f, 0.26f}, {-1.27f, 0.26f}}, {{0.0f, 0.0f}, {0.0f, 2.54f}}});
  expect_near(rounded(x), {12.7f, 0.3f, -1.27f, 0.26f, 0, 0, 0, 2.54f});
  expect_near(rounded_examples(x), {12.7f, 0.3f, -1.3f, 0.3f, 0, 0, 0, 2.54f});
}

TEST(Rounding, AFixedRangeClips) {
  torch::Tensor x = torch::tensor({3.0f, -0.014f, 0.5f}).requires_grad_(true);
  torch::Tensor range = torch::tensor(1.27f).requires_grad_(true);
  const torch::Tensor y = rounded_within(x, range);
  expect_near(y, {1.27f, -0.01f, 0.5f});
  y.sum().backward();
  expect_near(x.grad(), {0, 1, 1});
  // d/d scale: 127 of the clipped one, -1 + 1.4 and 0 of the others' errors
  expect_near(range.grad(), {(127 + 0.4f) / 127}, 1e-3f);
}

TEST(Rounding, BlocksHaveScalesOfTheirOwn) {
  torch::Tensor x = torch::zeros({1, 40});
  x[0][0] = 100.0f;
  x[0][1] = 0.5f;
  x[0][33] = 0.5f;
  const torch::Tensor y = rounded_blocks(x);
  // The scale 100 / 127 = 0.78740 is 0.78760 in f16.
  EXPECT_NEAR(y[0][0].item<float>(), 100.0244f, 1e-3f);
  EXPECT_NEAR(y[0][1].item<float>(), 0.78760f, 1e-4f) << "of the same block";
  EXPECT_NEAR(y[0][33].item<float>(), 0.5f, 1e-3f) << "of the next one, which is shorter";
  EXPECT_EQ(y[0][2].item<float>(), 0.0f);
}

TEST(Rounding, Int4MakesTheLargestMagnitudeMinusEight) {
  torch::Tensor x = torch::zeros({1, 32});
  x[0][0] = -4.0f;  // the scale is 0.5
  x[0][1] = 3.9f;   // beyond 7
  x[0][2] = 1.1f;
  x[0][3] = 0.2f;
  expect_near(rounded_int4(x).narrow(1, 0, 4), {-4, 3.5f, 1, 0});
  expect_near(rounded_int4(-x).narrow(1, 0, 4), {4, -3.5f, -1, 0});
  EXPECT_EQ(rounded_int4(torch::zeros({1, 32})).abs().max().item<float>(), 0);
}

TEST(Rounding, WaysHaveNames) {
  for (const char* name : {"token", "tensor", "static", "blocks"}) {
    EXPECT_STREQ(name_of(activations_named(name)), name);
  }
  EXPECT_EQ(weight_rounding_named("int4"), WeightRounding::int4);
  EXPECT_EQ(test::code_of([] { activations_named("int8"); }), Code::bad_argument);
}

/// Texts of several lengths, so that batches have padding.
Shard some_texts() {
  Shard shard;
  shard.vocab_size = 40;
  shard.starts = {0};
  for (std::int32_t n = 0; n < 12; ++n) {
    for (std::int32_t i = 0; i < 8 + n % 3; ++i) {
      shard.ids.push_back(1 + (7 * n + 3 * i * i) % 39);
    }
    shard.starts.push_back(static_cast<std::int64_t>(shard.ids.size()));
    shard.answers.push_back(0);
    shard.tasks.push_back(0);
  }
  shard.task_names = {"text"};
  return shard;
}

std::vector<std::int64_t> all_of(const Shard& shard) {
  std::vector<std::int64_t> all(shard.answers.size());
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return all;
}

/// A GPT-2 one of whose channels is 60 times as large as the others where the maps read it, with
/// columns that make up for it.
Weights with_an_outlier() {
  Weights base = Weights::random(tiny_gpt(Family::gpt2), 3);
  base.embedding.mul_(25);
  for (Layer& layer : base.layers) {
    for (const Projection which : base.config.projections()) {
      layer.at(which).mul_(8);
    }
    for (Norm* norm : {&layer.attention_norm, &layer.mlp_norm}) {
      norm->gain[5] *= 60;
      norm->bias[5] = 3;
    }
    for (const Projection which : {Projection::q, Projection::k, Projection::v, Projection::up}) {
      layer.at(which).select(1, 5).div_(60);
    }
  }
  base.require_grad(false);
  return base;
}

Rounding rounding_of(Activations way, const Maxima& observed) {
  return {way, WeightRounding::int8, observed};
}

TEST(Scales, OfAGpt2CureAnOutlierForEveryWay) {
  const Weights base = with_an_outlier();
  const Shard shard = some_texts();
  const Batch batch = make_batch(shard, all_of(shard), {}, 64);
  const Maxima observed = observe(base, {batch}, {});
  EXPECT_GT(outlier_ratio(observed, Place::qkv), 20);
  EXPECT_LT(outlier_ratio(observed, Place::o), 5);
  ChannelScales none(base.config);
  ChannelScales scales = closed_form(base, observed);
  std::vector<Candidate> candidates;
  for (const Activations way : {Activations::token, Activations::tensor, Activations::fixed}) {
    candidates.push_back({"none", &none, rounding_of(way, observed)});
    candidates.push_back({"smoothquant", &scales, rounding_of(way, observed)});
  }
  const std::vector<Judgement> judged = judge(base, candidates, shard, 1000, 64, 64);
  EXPECT_LT(judged.front().kl, 1e-9);
  EXPECT_NEAR(judged.front().same_top, 1, 1e-6);
  EXPECT_EQ(judged.front().tokens, 12 * 8) << "a token less than each text has";
  for (std::size_t i = 1; i < judged.size(); i += 2) {
    EXPECT_GT(judged[i].kl, 1e-6);
    EXPECT_LT(judged[i + 1].kl, judged[i].kl / 4) << name_of(candidates[i].rounding.activations);
  }
}

TEST(Scales, LearnUnderTheWayThatTheyAreFor) {
  const Weights base = with_an_outlier();
  const Shard shard = some_texts();
  const Batch batch = make_batch(shard, all_of(shard), {}, 64);
  for (const Activations way : {Activations::tensor, Activations::fixed}) {
    const Rounding rounding = rounding_of(way, observe(base, {batch}, {}));
    ChannelScales scales(base.config);
    for (const auto& [name, theta] : scales.named()) {
      theta->requires_grad_(true);
    }
    const double before = block_step(base, scales, rounding, batch, {}).loss;
    const test::TempDir folder;
    Optimizer optimizer(scales.named(), false, {.adam_rate = 3e-2});
    train(
        {.tokens = batch.tokens * 60, .folder = folder.path()}, scales.named(), optimizer,
        [&] { return block_step(base, scales, rounding, batch, {}); }, [] {});
    EXPECT_LT(block_step(base, scales, rounding, batch, {}).loss, 0.7 * before) << name_of(way);
    EXPECT_GT(scales.at(0, Place::gate_up)[0].item<float>(),
              2 * scales.at(0, Place::gate_up)[5].item<float>());
  }
}

TEST(Scales, PaddingIsNotObserved) {
  const Weights base = with_an_outlier();
  const Shard shard = some_texts();
  std::vector<Batch> alone;
  for (const std::int64_t example : all_of(shard)) {
    alone.push_back(make_batch(shard, {example}, {}, 64));
  }
  const Batch together = make_batch(shard, all_of(shard), {}, 64);
  ASSERT_TRUE(together.mask.defined());
  const Maxima one = observe(base, alone, {});
  const Maxima other = observe(base, {together}, {});
  for (std::size_t i = 0; i < one.size(); ++i) {
    for (std::size_t place = 0; place < all_places.size(); ++place) {
      EXPECT_TRUE(torch::allclose(one[i][place], other[i][place], 1e-3, 1e-4));
    }
  }
}

TEST(Scales, OfAGptAreSavedWithoutThoseOfDown) {
  const test::TempDir folder;
  const Config config = tiny_gpt(Family::gpt2);
  ChannelScales scales(config);
  scales.theta(1, Place::gate_up)[2] = std::log(0.5f);
  scales.save(folder / "s.safetensors");
  EXPECT_EQ(read_tensors(folder / "s.safetensors").tensors.size(), 2 * 3u);
  const ChannelScales read = ChannelScales::load(config, folder / "s.safetensors");
  EXPECT_NEAR(read.at(1, Place::gate_up)[2].item<float>(), 0.5, 1e-6);
  const auto code = [&](const Config& other) {
    return test::code_of([&] { ChannelScales::load(other, folder / "s.safetensors"); });
  };
  EXPECT_EQ(code(tiny), Code::bad_shape);
  Config deeper = config;
  deeper.layers = 3;
  EXPECT_EQ(code(deeper), Code::missing_tensor);
  TensorFile file = read_tensors(folder / "s.safetensors");
  file.tensors.at("layers.0.o_scales").fill_(-1);
  write_tensors(file, folder / "s.safetensors");
  EXPECT_EQ(code(config), Code::corrupt);
}

}  // namespace
}  // namespace crayon::train
