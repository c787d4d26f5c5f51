#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "tests/support/support.h"
#include "tests/train/tiny_config.h"
#include "train/learn/batches.h"
#include "train/learn/loss.h"
#include "train/learn/trainer.h"
#include "train/model/decoder.h"
#include "train/model/lora.h"
#include "train/model/tensor_file.h"
#include "train/scales/learn_scales.h"
#include "train/scales/rounding.h"

namespace crayon::train {
namespace {

/// "A number, then its successor": the answer follows from the prompt's second token alone.
Shard successors() {
  Shard shard;
  shard.vocab_size = 40;
  shard.task_names = {"successor"};
  shard.starts = {0};
  for (std::int32_t n = 3; n < 22; ++n) {
    for (const std::int32_t id : {1, n, n + 1, 2}) {
      shard.ids.push_back(id);
    }
    shard.starts.push_back(static_cast<std::int64_t>(shard.ids.size()));
    shard.answers.push_back(2);
    shard.tasks.push_back(0);
  }
  return shard;
}

/// A run of LoRA training on the successors; returns its parameters.
LoraPool run(const Weights& base, const RunOptions& options, double* last_loss = nullptr) {
  const Shard shard = successors();
  LoraPool pool = LoraPool::random(tiny, 1, 4, 8, 5);
  pool.require_grad(true);
  Optimizer optimizer(pool.named(), false, {.adam_rate = 2e-2});
  Batcher batcher(shard, 40, 64, 7);
  const torch::Tensor one = torch::ones({64, 1});
  train(
      options, pool.named(), optimizer,
      [&]() -> StepResult {
        const Batch batch = make_batch(shard, batcher.next(), {}, 64);
        const Mixture mixture{&pool,
                              one.narrow(0, 0, static_cast<std::int64_t>(batch.examples.size()))};
        const torch::Tensor loss = loss_of(base, batch, &mixture, {});
        loss.backward();
        if (last_loss != nullptr) {
          *last_loss = loss.item<double>();
        }
        return {loss.item<double>(), batch.tokens, {}};
      },
      [&] { batcher.next(); });
  return pool;
}

bool equal(LoraPool& a, LoraPool& b) {
  const auto left = a.named();
  const auto right = b.named();
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!torch::equal(*left[i].second, *right[i].second)) {
      return false;
    }
  }
  return true;
}

TEST(Learn, ALoraLearnsARuleOnAFrozenBase) {
  const test::TempDir folder;
  Weights base = Weights::random(tiny, 3);
  base.embedding.mul_(25);  // as a trained one: a head that can tell tokens apart
  double loss = 0;
  run(base, {.tokens = 16000, .folder = folder.path()}, &loss);
  EXPECT_LT(loss, 0.6) << "from ln 40 = 3.69";
}

TEST(Learn, AnInterruptedRunGoesOnAsIfNothingHadHappened) {
  const test::TempDir whole, parted;
  const Weights base = Weights::random(tiny, 3);
  // A plateau without warm-up or decay: the rate does not depend on where the run shall end.
  RunOptions options{.tokens = 1600, .warmup = 0, .decay = 0, .folder = whole.path()};
  LoraPool at_once = run(base, options);
  options.folder = parted.path();
  options.tokens = 800;
  LoraPool half = run(base, options);
  EXPECT_FALSE(equal(at_once, half));
  options.tokens = 1600;
  options.resume = true;
  LoraPool resumed = run(base, options);
  EXPECT_TRUE(equal(at_once, resumed));
  const auto metadata = [](const test::TempDir& folder) {
    return read_tensors(folder / "checkpoint.safetensors").metadata;
  };
  EXPECT_EQ(metadata(parted).at("tokens"), metadata(whole).at("tokens"));
}

TEST(Learn, ACheckpointOfAnotherShapeIsRefused) {
  const test::TempDir folder;
  Weights base = Weights::random(tiny, 3);
  RunOptions options{.tokens = 100, .folder = folder.path()};
  run(base, options);
  options.resume = true;
  LoraPool other = LoraPool::random(tiny, 2, 4, 8, 5);
  Optimizer optimizer(other.named(), false, {});
  EXPECT_EQ(test::code_of([&] {
              train(
                  options, other.named(), optimizer,
                  [] {
                    return StepResult{0, 1, {}};
                  },
                  [] {});
            }),
            Code::missing_tensor);
}

/// A base whose activations have outliers that its weights shrink again: hard on int8.
Weights with_outliers() {
  Weights base = Weights::random(tiny, 3);
  base.embedding.mul_(25);
  for (Layer& layer : base.layers) {
    for (const Projection which : all_projections) {
      layer.at(which).mul_(8);
    }
    for (const std::int64_t channel : {3, 17}) {
      layer.attention_norm.gain[channel] *= 60;
      layer.mlp_norm.gain[channel] *= 60;
      for (const Projection which :
           {Projection::q, Projection::k, Projection::v, Projection::gate, Projection::up}) {
        layer.at(which).select(1, channel).div_(60);
      }
    }
  }
  base.require_grad(false);
  return base;
}

TEST(Scales, RoundingIsThatOfTheRuntime) {
  const torch::Tensor x = torch::tensor({{0.5f, -127.0f, 3.49f}, {0.0f, 0.0f, 0.0f}});
  EXPECT_TRUE(torch::allclose(rounded(x), torch::tensor({{0.0f, -127.0f, 3.0f}, {0.f, 0.f, 0.f}})));
  torch::Tensor leaf = torch::tensor({1.0f, 2.3f, -4.0f}).requires_grad_(true);
  rounded(leaf)[0].backward();
  EXPECT_NEAR(leaf.grad()[0].item<float>(), 1, 1e-6) << "straight through";
}

TEST(Scales, QueryHeadsShareThoseOfTheirKvHead) {
  ChannelScales scales(tiny);
  scales.theta(1, Place::o)[9] = std::log(4.0f);  // channel 1 of KV head 1: of heads 2 and 3
  const torch::Tensor of = scales.of(1, Projection::o);
  ASSERT_EQ(of.size(0), 32);
  for (std::int64_t i = 0; i < 32; ++i) {
    EXPECT_NEAR(of[i].item<float>(), i == 17 || i == 25 ? 4 : 1, 1e-5) << i;
  }
  scales.theta(0, Place::down)[5] = 100;
  EXPECT_NEAR(scales.of(0, Projection::down)[5].item<float>(), 64, 1e-3) << "bounded";
}

/// The mean relative error of the layers in int8, and what it is after learning.
TEST(Scales, EachPhaseMakesItsLossSmaller) {
  const Weights base = with_outliers();
  const Shard shard = successors();
  std::vector<std::int64_t> all(shard.answers.size());
  std::iota(all.begin(), all.end(), 0);
  const Batch batch = make_batch(shard, all, {}, 64);
  const Rounding rounding;
  ChannelScales none(base.config);
  ChannelScales scales = closed_form(base, observe(base, {batch}, {}));
  for (ChannelScales* each : {&none, &scales}) {
    for (const auto& [name, theta] : each->named()) {
      theta->requires_grad_(true);
    }
  }
  const double plain = block_step(base, none, rounding, batch, {}).loss;
  const double closed = block_step(base, scales, rounding, batch, {}).loss;
  EXPECT_LT(closed, plain / 4) << "the closed form";
  const auto learn = [&](StepResult (*step)(const Weights&, const ChannelScales&, const Rounding&,
                                            const Batch&, const Compute&),
                         ChannelScales& from, const Batch& texts) {
    const test::TempDir folder;
    Optimizer optimizer(from.named(), false, {.adam_rate = 1e-2});
    train(
        {.tokens = batch.tokens * 60, .folder = folder.path()}, from.named(), optimizer,
        [&] { return step(base, from, rounding, texts, {}); }, [] {});
  };
  learn(block_step, scales, batch);
  const double learned = block_step(base, scales, rounding, batch, {}).loss;
  EXPECT_LT(learned, 0.9 * closed) << "phase 1";

  // What the base itself would say, so that rounding makes the loss larger.
  Batch own = batch;
  const torch::Tensor stream = residual(base, batch.ids, nullptr, {});
  own.labels =
      logits(base, stream.reshape({-1, tiny.dim}).index_select(0, batch.positions), {}).argmax(1);
  const double before = whole_step(base, none, rounding, own, {}).loss;
  learn(whole_step, none, own);
  EXPECT_LT(whole_step(base, none, rounding, own, {}).loss, before) << "phase 2";
}

TEST(Scales, AreSavedByTheNamesThatBundlesHave) {
  const test::TempDir folder;
  ChannelScales scales(tiny);
  scales.theta(1, Place::gate_up)[2] = std::log(0.5f);
  scales.save(folder / "scales.safetensors");
  const TensorFile file = read_tensors(folder / "scales.safetensors");
  EXPECT_EQ(file.tensors.size(), 8u);
  const torch::Tensor saved = file.tensors.at("layers.1.gate_up_scales");
  EXPECT_EQ(saved.size(0), tiny.dim);
  EXPECT_NEAR(saved[2].item<float>(), 0.5, 1e-6);
  EXPECT_EQ(file.tensors.at("layers.0.o_scales").size(0), 16);
}

TEST(Learn, BatchesDependOnTheSeedAndHoldEveryExampleOnce) {
  const Shard shard = successors();
  Batcher one(shard, 12, 64, 1), same(shard, 12, 64, 1);
  std::vector<int> seen(shard.answers.size());
  for (std::size_t examples = 0; examples < seen.size();) {
    const std::vector<std::int64_t> batch = one.next();
    EXPECT_EQ(batch, same.next());
    EXPECT_LE(batch.size() * 4, 12u);
    for (const std::int64_t example : batch) {
      ++seen[static_cast<std::size_t>(example)];
      ++examples;
    }
  }
  EXPECT_EQ(seen, std::vector<int>(seen.size(), 1));
}

TEST(Learn, OnlyTheAnswerCountsInABatchOfQuestions) {
  const Shard shard = successors();
  const Batch batch = make_batch(shard, {0, 5}, {}, 64);
  // Positions 1 and 2 of each row predict the answer and the end.
  EXPECT_TRUE(torch::equal(batch.positions, torch::tensor({1, 2, 5, 6}, torch::kInt64)));
  EXPECT_TRUE(torch::equal(batch.labels, torch::tensor({4, 2, 9, 2}, torch::kInt64)));
  EXPECT_NEAR(batch.weights.sum().item<float>(), 1.0f, 1e-6f);
}

TEST(Learn, AnExampleThatIsTooLongKeepsItsAnswer) {
  const Shard shard = successors();
  const Batch batch = make_batch(shard, {0}, {}, 3);
  EXPECT_TRUE(torch::equal(batch.ids, torch::tensor({{3, 4, 2}}, torch::kInt64)));
  EXPECT_EQ(batch.prompt_lengths.front(), 1);
}

TEST(Learn, ScheduleRisesStaysAndFalls) {
  EXPECT_DOUBLE_EQ(schedule(0.05, 0.1, 0.2), 0.5);
  EXPECT_DOUBLE_EQ(schedule(0.5, 0.1, 0.2), 1.0);
  EXPECT_NEAR(schedule(0.9, 0.1, 0.2), 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(schedule(1.0, 0.1, 0.2), 0.0);
  EXPECT_DOUBLE_EQ(schedule(0.0, 0.0, 0.0), 1.0);
}

}  // namespace
}  // namespace crayon::train
