// A pool that is blended for each query, against the same sums merged into the weights in float64.

#include "runtime/adapters/adapter_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/runtime/model/reference_forward.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::adapters {
namespace {

using formats::AdapterSource;
using formats::Token;

constexpr double tolerance = 2e-5;  // that of lora_test.cpp

class AdapterSetTest : public testing::Test {
 protected:
  AdapterSetTest() {
    for (std::uint64_t n = 0; n < 4; ++n) {
      const auto rank = static_cast<std::uint32_t>(2 + n);
      pool_.adapters.push_back(test::random_adapter(config_, rank, 0.5f, 60 + n));
      const std::vector<float> indicator = model_->query_embedding(tokens_of(n));
      pool_.indicators.insert(pool_.indicators.end(), indicator.begin(), indicator.end());
    }
    pool_.tau = 0.3f;
  }

  /// One query an adapter, which is that adapter's indicator.
  std::vector<Token> tokens_of(std::uint64_t n) const {
    return test::random_tokens(6, config_.vocab_size, 70 + n);
  }
  Selection select(const AdapterSet& set, std::uint64_t n) const {
    Query query(*model_, tokens_of(n));
    return set.select(query);
  }
  std::vector<float> logits(std::span<const model::WeightedAdapter> adapters) const {
    model::Session session(*model_, 64, model::KvDtype::f32);
    session.attach(adapters);
    std::vector<float> all(tokens_.size() * config_.vocab_size);
    model_->forward(session, tokens_, model::Logits::all, all);
    return all;
  }
  std::vector<double> truth(std::span<const float> weights, float scale) const {
    std::vector<test::DenseDelta> deltas;
    for (std::size_t n = 0; n < weights.size(); ++n) {
      const double weight = static_cast<double>(weights[n]) * static_cast<double>(scale);
      for (test::DenseDelta& delta : test::merged(pool_.adapters[n], weight)) {
        deltas.push_back(std::move(delta));
      }
    }
    return test::reference_logits(source_, tokens_, deltas);
  }

  const formats::ModelConfig config_ = test::tiny_config();
  const formats::ModelSource source_ = test::random_source(config_, 51);
  const test::Packed packed_{source_, formats::Dtype::f32};
  ThreadPool threads_{2};
  const std::unique_ptr<model::Model> model_ = packed_.load(threads_);
  const std::vector<Token> tokens_ = test::random_tokens(20, config_.vocab_size, 52);
  Pool pool_;
};

TEST_F(AdapterSetTest, EachQueryRunsWithTheDenseSumOfItsBlend) {
  for (const float scale : {1.0f, -0.5f}) {
    AdapterSet set;
    set.pool.emplace(pool_, packed_.bundle, scale);
    for (std::uint64_t n = 0; n < 4; ++n) {
      const Selection selection = select(set, n);
      EXPECT_NEAR(selection.blend.scores[n], 1.0, 1e-6);
      EXPECT_LT(test::largest_difference(logits(selection.adapters),
                                         truth(selection.blend.weights, scale)),
                tolerance);
    }
  }
}

TEST_F(AdapterSetTest, ASharpTauRunsOneAdapterAlone) {
  pool_.tau = 1e-3f;
  AdapterSet set;
  set.pool.emplace(pool_, packed_.bundle);
  const Selection selection = select(set, 2);
  EXPECT_EQ(selection.blend.weights, (std::vector<float>{0, 0, 1, 0}));
  const Part alone{&pool_.adapters[2], 1.0f};
  const model::WeightedAdapter third{combine({&alone, 1}, packed_.bundle), 1.0f};
  EXPECT_EQ(logits(selection.adapters), logits({&third, 1}));
}

TEST_F(AdapterSetTest, AFixedAdapterIsAddedToThePool) {
  const AdapterSource source = test::random_adapter(config_, 3, 0.5f, 90);
  const Part part{&source, 1.0f};
  AdapterSet set;
  set.fixed = {{combine({&part, 1}, packed_.bundle)}};
  EXPECT_TRUE(select(set, 0).blend.weights.empty());
  EXPECT_EQ(select(set, 0).adapters.size(), 1u);
  set.pool.emplace(pool_, packed_.bundle);
  EXPECT_EQ(select(set, 0).adapters.size(), 5u);
}

TEST_F(AdapterSetTest, ExamplesPullEveryQueryToTheirAdapter) {
  AdapterSet set;
  set.pool.emplace(pool_, packed_.bundle);
  const Blend before = select(set, 0).blend;
  set.pool->set_prior(model_->query_embedding(tokens_of(3)), 2.0f);
  const Blend after = select(set, 0).blend;
  const Blend examples =
      crayon_rule(model_->query_embedding(tokens_of(3)), pool_.indicators, pool_.dim(), 0.3f);
  for (std::size_t n = 0; n < 4; ++n) {
    EXPECT_NEAR(after.scores[n], (before.scores[n] + 2 * examples.scores[n]) / 3, 1e-6);
  }
  EXPECT_GT(after.weights[3], before.weights[3]);
}

TEST_F(AdapterSetTest, IndicatorsMayBeOfHiddenStates) {
  pool_.embedding = {1, true};
  pool_.indicators.clear();
  for (std::uint64_t n = 0; n < 4; ++n) {
    for (const double value : test::reference_embedding(source_, tokens_of(n), pool_.embedding)) {
      pool_.indicators.push_back(static_cast<float>(value));
    }
  }
  AdapterSet set;
  set.pool.emplace(pool_, packed_.bundle);
  for (std::uint64_t n = 0; n < 4; ++n) {
    const Selection selection = select(set, n);
    EXPECT_NEAR(selection.blend.scores[n], 1.0, 1e-6);
    EXPECT_LT(
        test::largest_difference(logits(selection.adapters), truth(selection.blend.weights, 1.0f)),
        tolerance);
  }
}

TEST_F(AdapterSetTest, ClosenessIsTheCosineToTheNearestScope) {
  AdapterSet set;
  Query query(*model_, tokens_of(0));
  EXPECT_FALSE(set.closeness(query));
  const formats::Embedding hidden{2, false};
  set.scopes.push_back({hidden, model_->embedding(tokens_of(1), hidden)});
  const std::vector<double> mine = test::reference_embedding(source_, tokens_of(0), hidden);
  const std::vector<double> theirs = test::reference_embedding(source_, tokens_of(1), hidden);
  EXPECT_NEAR(set.closeness(query).value(),
              std::inner_product(mine.begin(), mine.end(), theirs.begin(), 0.0), 1e-6);
  set.scopes.push_back({{}, model_->query_embedding(tokens_of(0))});
  EXPECT_NEAR(set.closeness(query).value(), 1.0, 1e-6);
}

TEST_F(AdapterSetTest, APoolIsForItsExamplesAndWithoutAnyForWhatItsAdaptersAreFor) {
  AdapterSet set;
  set.pool.emplace(pool_, packed_.bundle);
  Query mine(*model_, tokens_of(2));
  Query other(*model_, tokens_of(9));
  const std::vector<float> scores = set.select(other).blend.scores;  // before there are examples
  EXPECT_NEAR(set.closeness(mine).value(), 1.0, 1e-6);
  EXPECT_NEAR(set.closeness(other).value(), static_cast<double>(std::ranges::max(scores)), 1e-6);
  EXPECT_LT(set.closeness(other).value(), 1.0 - 1e-3);

  set.pool->set_prior(model_->query_embedding(tokens_of(9)), 1.0f);
  EXPECT_NEAR(set.closeness(other).value(), 1.0, 1e-6);
  EXPECT_NEAR(set.closeness(mine).value(), static_cast<double>(scores[2]), 1e-6);
  set.scopes.push_back({{}, model_->query_embedding(tokens_of(2))});  // of an adapter beside it
  EXPECT_NEAR(set.closeness(mine).value(), 1.0, 1e-6);
}

TEST_F(AdapterSetTest, NothingIsNoAdapter) {
  Query query(*model_, {});
  EXPECT_TRUE(AdapterSet().select(query).adapters.empty());
}

}  // namespace
}  // namespace crayon::adapters
