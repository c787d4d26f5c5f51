// What rules see, and that heads keep what they chose.

#include "runtime/context/distillation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/runtime/model/tiny_model.h"

namespace crayon::context {
namespace {

using model::KvDtype;
using model::Token;

/// Keeps other entries for every head, and looks at what it is shown.
class Recorder final : public Rule {
 public:
  Needs needs() const override { return {.surprise = true, .queries = 6}; }
  void choose(HeadView& head, Selection& selection) const override {
    const auto attention = head.attention();
    const auto keys = head.keys();
    ASSERT_EQ(attention.size(), head.count());
    ASSERT_EQ(keys.size(), std::size_t{head.count()} * head.head_dim());
    seen_attention.assign(attention.begin(), attention.end());
    seen_surprise.assign(head.surprise().begin(), head.surprise().end());
    selection.take_best(head.surprise(), selection.left());
  }
  mutable std::vector<float> seen_attention;
  mutable std::vector<float> seen_surprise;
};

class DistillationTest : public testing::Test {
 protected:
  const test::Packed packed_{test::random_source(test::tiny_config(), 61), formats::Dtype::f32};
  ThreadPool pool_{1};
  const std::unique_ptr<model::Model> model_ = packed_.load(pool_);
  const std::vector<Token> tokens_ = test::random_tokens(50, model_->config().vocab_size, 62);
};

TEST_F(DistillationTest, AttentionIsWhatTheLayerComputes) {
  model::Session session(*model_, 64, KvDtype::f32);
  RecentQueries queries(model_->config(), 6);
  session.watch_queries([&](std::uint32_t layer, std::span<const float> rows) {
    queries.add(layer, session.position(), rows);
  });
  model_->forward(session, tokens_, model::Logits::none, {});
  const Recorder rule;
  EntrySurprise surprise(model_->config(), 64);
  for (std::uint32_t i = 0; i < 50; ++i) {
    surprise.set(i, static_cast<float>(i % 7));
  }
  Distillation distillation(*model_, session, rule, &queries, &surprise);
  distillation.run(20, 3, 50);
  EXPECT_EQ(session.position(), 20u);

  // Six tokens, two query heads a KV head: each gives away an attention of 1, to what it sees.
  double sum = 0;
  for (const float each : rule.seen_attention) {
    ASSERT_GE(each, 0.0f);
    sum += static_cast<double>(each);
  }
  EXPECT_NEAR(sum, 12.0, 1e-4);
  ASSERT_EQ(rule.seen_surprise.size(), 50u);

  // The surprise moves with its entries: three pinned ones, then 6, 6, ..., 5, ... in their order.
  const std::span<float> left = surprise.of(1, 1).first(20);
  EXPECT_EQ(left[0], 0.0f);
  EXPECT_EQ(left[1], 1.0f);
  EXPECT_EQ(left[2], 2.0f);
  for (std::size_t i = 3; i < left.size(); ++i) {
    EXPECT_GE(left[i], 4.0f) << i;
  }
}

/// The same numbers as softmax(scale q.k) written out.
TEST_F(DistillationTest, AttentionOfOneToken) {
  model::Session session(*model_, 64, KvDtype::f32);
  RecentQueries queries(model_->config(), 1);
  session.watch_queries([&](std::uint32_t layer, std::span<const float> rows) {
    queries.add(layer, session.position(), rows);
  });
  model_->forward(session, tokens_, model::Logits::none, {});
  const model::KvEntries entries(session);
  HeadView view(*model_, entries, 64, &queries);
  view.look_at(1, 1, 50, 50, {});
  const auto got = view.attention();
  std::vector<RecentQueries::Query> last;
  queries.of(1, 50, last);
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].position, 49u);
  const std::size_t dim = entries.head_dim();
  std::vector<double> expected(50);
  for (const std::size_t head : {2u, 3u}) {
    std::vector<double> row(50);
    double sum = 0;
    for (std::size_t p = 0; p < 50; ++p) {
      double product = 0;
      for (std::size_t d = 0; d < dim; ++d) {
        product += static_cast<double>(last[0].heads[head * dim + d]) *
                   static_cast<double>(view.keys()[p * dim + d]);
      }
      row[p] = std::exp(product / std::sqrt(static_cast<double>(dim)));
      sum += row[p];
    }
    for (std::size_t p = 0; p < 50; ++p) {
      expected[p] += row[p] / sum;
    }
  }
  for (std::size_t p = 0; p < 50; ++p) {
    EXPECT_NEAR(got[p], expected[p], 1e-5) << p;
  }
}

}  // namespace
}  // namespace crayon::context
