#include <gtest/gtest.h>

#include "tests/support/support.h"
#include "train/probe/probe.h"

namespace crayon::train {
namespace {

/// Labels that depend on the first of eight features, with some noise.
struct Planted {
  torch::Tensor features, labels;
};
Planted planted(std::int64_t count) {
  torch::manual_seed(4);
  Planted data;
  data.features = torch::randn({count, 8}) * 3 + 1;
  data.labels =
      (data.features.select(1, 0) - 1 + 0.5 * torch::randn({count}) > 0).to(torch::kFloat32);
  return data;
}

TEST(Probe, FindsTheFeatureThatDecides) {
  const Planted data = planted(600);
  const Probe probe = fit_probe(data.features, data.labels, 1.0);
  EXPECT_EQ(probe.weight.abs().argmax().item<std::int64_t>(), 0);
  EXPECT_GT(auc(probe.scores(data.features), data.labels), 0.97);
}

TEST(Probe, HeldOutScoresOfNoiseAreNoBetterThanChance) {
  torch::manual_seed(9);
  const torch::Tensor noise = torch::randn({400, 30});
  const torch::Tensor labels = (torch::rand({400}) > 0.5).to(torch::kFloat32);
  EXPECT_GT(auc(fit_probe(noise, labels, 1.0).scores(noise), labels), 0.6) << "it does fit them";
  EXPECT_NEAR(auc(held_out_scores(noise, labels, 1.0, 5, 1), labels), 0.5, 0.1);
}

TEST(Probe, ItsCurveHasTheAreaOfRankedPairs) {
  const torch::Tensor labels = torch::tensor({1.0f, 0.0f, 1.0f, 0.0f});
  EXPECT_DOUBLE_EQ(auc(torch::tensor({4.0f, 3.0f, 2.0f, 1.0f}), labels), 0.75);
  EXPECT_DOUBLE_EQ(auc(torch::ones({4}), labels), 0.5);
}

TEST(Probe, OneClassAloneIsRefused) {
  EXPECT_EQ(test::code_of([] {
              fit_probe(torch::randn({4, 2}), torch::ones({4}), 1.0);
            }),
            Code::bad_argument);
}

}  // namespace
}  // namespace crayon::train
