// The Crayon rule against numbers worked out by hand.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "runtime/adapters/adapters.h"
#include "tests/support/support.h"

namespace crayon::adapters {
namespace {

using Floats = std::vector<float>;

TEST(CrayonRule, IsTheSoftmaxOfTheCosines) {
  // The mean of (1, 0) and (0.6, 0.8) points to (1.6, 0.8), which is (2, 1) / sqrt(5).
  const Floats embeddings{1, 0, 0.6f, 0.8f};
  const Floats indicators{1, 0, 0, 1, -3, 4};
  const Blend blend = crayon_rule(embeddings, indicators, 2, 0.5f);
  ASSERT_EQ(blend.scores.size(), 3u);
  EXPECT_FLOAT_EQ(blend.scores[0], 0.894427191f);
  EXPECT_FLOAT_EQ(blend.scores[1], 0.447213595f);
  EXPECT_FLOAT_EQ(blend.scores[2], -0.178885438f);
  // exp(1.788854382), exp(0.894427191), exp(-0.357770876): 5.98259, 2.44594, 0.69923
  EXPECT_NEAR(blend.weights[0], 0.655421, 1e-5);
  EXPECT_NEAR(blend.weights[1], 0.267965, 1e-5);
  EXPECT_NEAR(blend.weights[2], 0.076604, 1e-5);
}

TEST(CrayonRule, LengthsDoNotMatter) {
  const Floats indicators{1, 2, 3, -1, 0, 5};
  const Blend one = crayon_rule(Floats{3, 1, 2}, indicators, 3, 0.1f);
  const Blend other = crayon_rule(Floats{300, 100, 200}, indicators, 3, 0.1f);
  EXPECT_EQ(one.weights, other.weights);
}

TEST(CrayonRule, SmallWeightsAreDroppedAndTheRestSumsToOne) {
  // exp(10), exp(7), exp(0): 0.95253, 0.04742, 0.00004 of their sum.
  const Floats indicators{1, 0, 0.7f, std::sqrt(0.51f), 0, 1};
  const Blend blend = crayon_rule(Floats{1, 0}, indicators, 2, 0.1f);
  EXPECT_EQ(blend.weights[2], 0.0f);
  EXPECT_NEAR(blend.weights[0], 1 / (1 + std::exp(-3.0)), 1e-5);
  EXPECT_NEAR(blend.weights[1], 1 / (1 + std::exp(3.0)), 1e-5);
}

TEST(CrayonRule, TheLargestWeightIsNeverDropped) {
  const Blend blend = crayon_rule(Floats{1, 0}, Floats{1, 0, 0, 1}, 2, 10.0f, 0.9f);
  EXPECT_EQ(blend.weights, (Floats{1, 0}));
}

TEST(CrayonRule, ASharpTauTakesTheNearest) {
  const Blend blend = crayon_rule(Floats{2, 1}, Floats{0, 1, 1, 0}, 2, 1e-6f);
  EXPECT_EQ(blend.weights, (Floats{0, 1}));
}

TEST(CrayonRule, WithoutADirectionAllAreAlike) {
  const Blend blend = crayon_rule(Floats{1, 0, -1, 0}, Floats{1, 0, 0, 1}, 2, 0.1f);
  EXPECT_EQ(blend.scores, (Floats{0, 0}));
  EXPECT_EQ(blend.weights, (Floats{0.5f, 0.5f}));
}

TEST(CrayonRule, RefusesWhatIsNoMatrix) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Floats row{1, 0};
  const auto rule = [](const Floats& embeddings, const Floats& indicators, std::size_t dim,
                       float tau) {
    return test::code_of([&] { crayon_rule(embeddings, indicators, dim, tau); });
  };
  EXPECT_EQ(rule({}, row, 2, 1.0f), Code::bad_argument);
  EXPECT_EQ(rule(row, {}, 2, 1.0f), Code::bad_argument);
  EXPECT_EQ(rule(row, row, 0, 1.0f), Code::bad_argument);
  EXPECT_EQ(rule({1, 0, 1}, row, 2, 1.0f), Code::bad_argument);
  EXPECT_EQ(rule(row, {1}, 2, 1.0f), Code::bad_argument);
  EXPECT_EQ(rule({1, nan}, row, 2, 1.0f), Code::bad_argument);
  EXPECT_EQ(rule(row, row, 2, 0.0f), Code::bad_argument);
  EXPECT_EQ(rule(row, row, 2, -1.0f), Code::bad_argument);
  EXPECT_EQ(rule(row, row, 2, nan), Code::bad_argument);
}

TEST(QueryRule, WithoutExamplesIsTheRuleForTheQueryAlone) {
  const Floats indicators{1, 2, 3, -1, 0, 5};
  const Blend alone = crayon_rule(Floats{3, 1, 2}, indicators, 3, 0.1f);
  for (const Prior& prior : {Prior{}, Prior{{0.9f, -0.4f}, 0.0f}}) {
    const Blend blend = query_rule(Floats{3, 1, 2}, prior, indicators, 0.1f);
    EXPECT_EQ(blend.scores, alone.scores);
    EXPECT_EQ(blend.weights, alone.weights);
  }
}

TEST(QueryRule, ExamplesCountLambdaTimes) {
  // Cosines 1 and 0, and 3 x (0.2, 0.6) of the examples: exp(1.6 / 4 / 0.5) and exp(1.8 / 4 / 0.5).
  const Blend blend = query_rule(Floats{5, 0}, {{0.2f, 0.6f}, 3.0f}, Floats{1, 0, 0, 1}, 0.5f);
  EXPECT_FLOAT_EQ(blend.scores[0], 0.4f);
  EXPECT_FLOAT_EQ(blend.scores[1], 0.45f);
  EXPECT_NEAR(blend.weights[0], 1 / (1 + std::exp(0.1)), 1e-6);
}

TEST(QueryRule, RefusesAPriorOfAnotherPool) {
  const auto rule = [](const Floats& query, const Prior& prior) {
    return test::code_of([&] { query_rule(query, prior, Floats{1, 0, 0, 1}, 0.1f); });
  };
  EXPECT_EQ(rule({1, 0}, {{0.2f}, 1.0f}), Code::bad_argument);
  EXPECT_EQ(rule({1, 0}, {{0.2f, 0.3f}, NAN}), Code::bad_argument);
  EXPECT_EQ(rule({1, 0}, {{0.2f, 0.3f}, -1.0f}), Code::bad_argument);
  EXPECT_EQ(rule({1, 0, 0}, {}), Code::bad_argument);
  EXPECT_EQ(rule({}, {}), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::adapters
