// LoraHub's search on losses whose best weights are known, and the rules that need none.

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/adapters/rules/lorahub.h"
#include "runtime/adapters/rules/simple_rules.h"
#include "tests/support/support.h"

namespace crayon::adapters {
namespace {

using Floats = std::vector<float>;

/// The squared distance to `planted`, with every weight pulling at the others.
LorahubLoss bowl(Floats planted) {
  return [planted = std::move(planted)](std::span<const float> weights) {
    double sum = 0;
    double all = 0;
    for (std::size_t n = 0; n < planted.size(); ++n) {
      const double distance = static_cast<double>(weights[n]) - static_cast<double>(planted[n]);
      sum += distance * distance;
      all += distance;
    }
    return 1 + sum + 0.3 * all * all;
  };
}

TEST(Lorahub, FindsThePlantedWeights) {
  const Floats planted{0.8f, 0.0f, -0.4f, 1.2f, 0.0f, 0.1f};
  const LorahubResult result =
      lorahub_search(planted.size(), bowl(planted), {.evaluations = 500, .l1 = 0});
  for (std::size_t n = 0; n < planted.size(); ++n) {
    EXPECT_NEAR(result.weights[n], planted[n], 0.01) << n;
  }
  EXPECT_NEAR(result.loss, 1, 1e-3);
  EXPECT_LE(result.evaluations, 500u);
}

TEST(Lorahub, FortyEvaluationsComeClose) {
  const Floats planted{0, 0.9f, 0, 0, 0, 0.4f, 0, 0};
  const LorahubResult result = lorahub_search(planted.size(), bowl(planted), {.l1 = 0});
  EXPECT_LE(result.evaluations, 40u);
  EXPECT_LT(result.loss - 1, 0.1 * (result.base_loss - 1));
}

TEST(Lorahub, TheL1TermHoldsUselessWeightsAtZero) {
  // The second weight wins 0.02 per unit, and costs 0.05.
  const LorahubLoss loss = [](std::span<const float> weights) {
    return 3.0 - static_cast<double>(weights[0]) - 0.02 * static_cast<double>(weights[1]);
  };
  const LorahubResult result = lorahub_search(2, loss, {.evaluations = 100});
  EXPECT_EQ(result.weights[0], 1.5f) << "the limit";
  EXPECT_EQ(result.weights[1], 0.0f);
  EXPECT_EQ(result.base_loss, 3.0);
  EXPECT_NEAR(result.loss, 1.5, 1e-6);
}

TEST(Lorahub, WhatDoesNotHelpLeavesTheBase) {
  const LorahubResult result =
      lorahub_search(3, [](std::span<const float>) { return 2.0; }, {.evaluations = 50});
  EXPECT_EQ(result.weights, Floats(3));
  EXPECT_EQ(result.loss, 2.0);
}

TEST(Lorahub, ALossThatIsNoNumberIsNeverTaken) {
  const LorahubLoss loss = [](std::span<const float> weights) {
    return weights[0] > 0 ? std::nan("") : 1.0;
  };
  EXPECT_LE(lorahub_search(1, loss, {}).weights[0], 0.0f);
}

TEST(Lorahub, StopsAtItsBudgetOrWhenStepsAreShort) {
  std::size_t calls = 0;
  const LorahubLoss flat = [&calls](std::span<const float>) { return ++calls, 1.0; };
  EXPECT_EQ(lorahub_search(5, flat, {.evaluations = 7}).evaluations, 7u);
  EXPECT_EQ(calls, 7u);
  EXPECT_LT(lorahub_search(5, flat, {.evaluations = 100000}).evaluations, 100u);
  EXPECT_EQ(lorahub_search(5, flat, {.evaluations = 1}).weights, Floats(5));
}

TEST(Lorahub, RefusesNothing) {
  const LorahubLoss loss = [](std::span<const float>) { return 1.0; };
  EXPECT_EQ(test::code_of([&] { lorahub_search(0, loss, {}); }), Code::bad_argument);
  EXPECT_EQ(test::code_of([&] { lorahub_search(2, loss, {.evaluations = 0}); }),
            Code::bad_argument);
}

TEST(SimpleRules, TheNearestTakesAll) {
  const Floats indicators{1, 0, 0, 2, 3, 4};
  const Floats examples{0, 1, 0.1f, 1};
  const Blend blend = nearest_rule(examples, indicators, 2);
  EXPECT_EQ(blend.weights, (Floats{0, 1, 0}));
  EXPECT_EQ(blend.scores, crayon_rule(examples, indicators, 2, 0.1f).scores);
  EXPECT_EQ(nearest_rule(Floats{1, 1}, Floats{0, 1, 1, 0}, 2).weights, (Floats{1, 0}));
  EXPECT_EQ(test::code_of([&] { nearest_rule({}, indicators, 2); }), Code::bad_argument);
}

TEST(SimpleRules, UniformGivesAllTheSame) {
  EXPECT_EQ(uniform_rule(4).weights, Floats(4, 0.25f));
}

}  // namespace
}  // namespace crayon::adapters
