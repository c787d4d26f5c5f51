#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "tests/support/support.h"
#include "tests/train/tiny_config.h"
#include "train/learn/batches.h"
#include "train/learn/loss.h"
#include "train/learn/trainer.h"
#include "train/model/decoder.h"
#include "train/model/lora.h"
#include "train/model/tensor_file.h"

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
