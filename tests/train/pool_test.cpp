#include <gtest/gtest.h>

#include "tests/support/support.h"
#include "tests/train/tiny_config.h"
#include "train/pool/clusters.h"
#include "train/pool/embedding.h"

namespace crayon::train {
namespace {

torch::Tensor unit_rows(const torch::Tensor& x) {
  return x / x.norm(2, 1, true);
}

TEST(Clusters, FindsThePlantedOnes) {
  torch::manual_seed(1);
  const torch::Tensor planted = unit_rows(torch::randn({5, 16}));
  const torch::Tensor points =
      unit_rows(planted.repeat_interleave(40, 0) + 0.05 * torch::randn({200, 16}));
  const torch::Tensor found = spherical_kmeans(points, 5, 30, 3);
  const torch::Tensor best = std::get<0>(torch::matmul(planted, found.t()).max(1));
  EXPECT_GT(best.min().item<float>(), 0.99f);
  EXPECT_TRUE(torch::equal(found, spherical_kmeans(points, 5, 30, 3))) << "the seed decides";
}

TEST(Clusters, MoreClustersThanPointsAreRefused) {
  EXPECT_EQ(test::code_of([] { spherical_kmeans(torch::eye(3), 4, 10, 1); }), Code::bad_argument);
}

TEST(Clusters, WeightsAreASoftmaxOfCosinesOrTheNearest) {
  const torch::Tensor points = unit_rows(torch::tensor({{1.0f, 0.2f}, {0.1f, 1.0f}}));
  const torch::Tensor soft = mixture_weights(points, torch::eye(2), 0.1, false);
  EXPECT_TRUE(torch::allclose(soft, torch::softmax(points / 0.1, 1)));
  const torch::Tensor hard = mixture_weights(points, torch::eye(2), 0.1, true);
  EXPECT_TRUE(torch::equal(hard, torch::eye(2)));
}

TEST(Embedding, NamesGoThereAndBack) {
  for (const char* name : {"query-mean", "hidden-2-mean", "hidden-11-last"}) {
    EXPECT_EQ(EmbeddingKind::parse(name).name(), name);
  }
  for (const char* name : {"", "query", "hidden--mean", "hidden-0-mean", "hidden-2-first"}) {
    EXPECT_EQ(test::code_of([&] { EmbeddingKind::parse(name); }), Code::bad_argument) << name;
  }
}

TEST(Embedding, PaddingAndTheAnswerDoNotCount) {
  const Weights weights = Weights::random(tiny, 1);
  Shard shard;
  shard.vocab_size = 40;
  shard.ids = {1, 5, 6, 7, 2, /**/ 1, 8, 9, 10, 11, 12, 3, 2};
  shard.starts = {0, 5, 13};
  shard.answers = {3, 6};
  shard.tasks = {0, 0};
  shard.task_names = {"t"};
  for (const char* name : {"query-mean", "hidden-1-mean", "hidden-2-last"}) {
    const EmbeddingKind kind = EmbeddingKind::parse(name);
    const torch::Tensor together = embed_all(weights, shard, kind, 1000, 64, torch::kCPU);
    Batch alone;
    alone.ids = torch::tensor({{1, 5, 6}}, torch::kInt64);
    alone.prompt_lengths = {3};
    const torch::Tensor first = embed(weights, alone, kind)[0];
    EXPECT_TRUE(torch::allclose(together[0], first, 1e-4, 1e-5)) << name;
    EXPECT_NEAR(first.norm().item<float>(), 1.0f, 1e-5f);
  }
}

}  // namespace
}  // namespace crayon::train
