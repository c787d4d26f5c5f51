// The loss that LoraHub makes small, against float64, and what its search makes of it.

#include "runtime/adapters/rules/answer_loss.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/adapters/adapters.h"
#include "runtime/adapters/rules/lorahub.h"
#include "tests/runtime/model/reference_forward.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::adapters {
namespace {

using formats::AdapterSource;
using formats::Token;
using generation::AnsweredPrompt;

class Loss : public testing::Test {
 protected:
  Loss() {
    for (std::uint64_t n = 0; n < 4; ++n) {
      pool_.push_back(test::random_adapter(config_, 3, 0.4f, 20 + n));
      const Part part{&pool_.back(), 1.0f};
      loaded_.push_back({combine({&part, 1}, packed_.bundle), 0.0f});
    }
  }

  /// The pool with these weights.
  std::vector<model::WeightedAdapter> weighted(std::span<const float> weights) const {
    std::vector<model::WeightedAdapter> parts = loaded_;
    for (std::size_t n = 0; n < parts.size(); ++n) {
      parts[n].weight = weights[n];
    }
    return parts;
  }

  std::vector<AnsweredPrompt> random_examples() const {
    return {{test::random_tokens(5, config_.vocab_size, 1),
             test::random_tokens(1, config_.vocab_size, 2)},
            {test::random_tokens(1, config_.vocab_size, 3),
             test::random_tokens(3, config_.vocab_size, 4)}};
  }

  const formats::ModelConfig config_ = test::tiny_config();
  const formats::ModelSource source_ = test::random_source(config_, 51);
  const test::Packed packed_{source_, formats::Dtype::f32};
  ThreadPool threads_{2};
  const std::unique_ptr<model::Model> model_ = packed_.load(threads_);
  std::vector<AdapterSource> pool_;
  std::vector<model::WeightedAdapter> loaded_;
};

TEST_F(Loss, IsTheMeanOverAllTokensOfAnswers) {
  const std::vector<float> weights{0.7f, 0, -0.5f, 0};
  std::vector<test::DenseDelta> deltas = test::merged(pool_[0], static_cast<double>(weights[0]));
  for (test::DenseDelta& delta : test::merged(pool_[2], static_cast<double>(weights[2]))) {
    deltas.push_back(std::move(delta));
  }
  double expected = 0;
  for (const AnsweredPrompt& example : random_examples()) {
    std::vector<Token> tokens = example.prompt;
    tokens.insert(tokens.end(), example.answer.begin(), example.answer.end());
    const std::vector<double> logits = test::reference_logits(source_, tokens, deltas);
    for (std::size_t t = example.prompt.size(); t < tokens.size(); ++t) {
      const auto row = std::span(logits).subspan((t - 1) * config_.vocab_size, config_.vocab_size);
      double sum = 0;
      for (const double logit : row) {
        sum += std::exp(logit);
      }
      expected += (std::log(sum) - row[static_cast<std::size_t>(tokens[t])]) / 4;
    }
  }
  AnswerLoss loss(*model_, random_examples());
  EXPECT_NEAR(loss(weighted(weights)), expected, 1e-4);
  EXPECT_EQ(loss(weighted(weights)), loss(weighted(weights))) << "it does not wear off";
}

TEST_F(Loss, TheSearchFindsTheAdapterThatTheAnswersComeFrom) {
  // Answers that the model gives with the third adapter.
  std::vector<AnsweredPrompt> examples;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    std::vector<Token> prompt = test::random_tokens(6, config_.vocab_size, 80 + seed);
    const auto logits = test::all_logits(*model_, prompt, model::KvDtype::f32, loaded_[2].adapter);
    const auto last = std::span(logits).last(config_.vocab_size);
    const auto best = std::ranges::max_element(last) - last.begin();
    examples.push_back({std::move(prompt), {static_cast<Token>(best)}});
  }
  AnswerLoss loss(*model_, examples);
  const LorahubResult result = lorahub_search(
      pool_.size(), [&](std::span<const float> weights) { return loss(weighted(weights)); }, {});
  EXPECT_LT(result.loss, 0.7 * result.base_loss);  // measured: 0.63
  EXPECT_EQ(std::ranges::max_element(result.weights) - result.weights.begin(), 2);
  EXPECT_NEAR(loss(weighted(result.weights)), result.loss, 1e-12);
}

TEST_F(Loss, NeedsExamplesWithAnswersThatFit) {
  const auto code = [this](std::vector<AnsweredPrompt> examples) {
    return test::code_of([&] { AnswerLoss(*model_, std::move(examples)); });
  };
  EXPECT_EQ(code({}), Code::bad_argument);
  EXPECT_EQ(code({{{1, 2}, {}}}), Code::bad_argument);
  EXPECT_EQ(code({{{}, {1}}}), Code::bad_argument);
  const std::vector<Token> endless(config_.max_context + 1, 1);
  EXPECT_EQ(code({{endless, {1}}}), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::adapters
