// Weights by the size of what adapters answer, against a forward pass in float64.

#include "runtime/adapters/rules/logo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tests/runtime/adapters/rules/dense.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::adapters {
namespace {

using formats::AdapterSource;
using formats::Projection;
using formats::SourceLora;
using formats::Token;

class Logo : public testing::Test {
 protected:
  Logo() {
    for (std::uint64_t n = 0; n < 4; ++n) {
      const float scale = n == 3 ? -2.0f : 0.5f + 0.25f * static_cast<float>(n);
      pool_.push_back(test::random_adapter(config_, 3, scale, 20 + n));
    }
  }

  /// |s B A x| over all projections of the last layer, at the last token of a prompt.
  double truth(const AdapterSource& adapter, const std::vector<Token>& prompt) const {
    std::map<Projection, double> squares;  // tokens come in order: what the last one gives stays
    test::reference_logits(
        source_, prompt, {},
        [&](std::uint32_t layer, Projection which, const std::vector<double>& x) {
          for (const SourceLora& factor : adapter.factors) {
            if (layer + 1 == config_.layers && factor.layer == layer &&
                factor.projection == which) {
              const Eigen::Map<const Eigen::VectorXd> input(x.data(),
                                                            static_cast<Eigen::Index>(x.size()));
              squares[which] = (test::dense_matrix(factor, adapter.scale) * input).squaredNorm();
            }
          }
          return std::vector<double>();
        });
    double sum = 0;
    for (const auto& [which, square] : squares) {
      sum += square;
    }
    return std::sqrt(sum);
  }

  const formats::ModelConfig config_ = test::tiny_config();
  const formats::ModelSource source_ = test::random_source(config_, 51);
  const test::Packed packed_{source_, formats::Dtype::f32};
  ThreadPool threads_{2};
  const std::unique_ptr<model::Model> model_ = packed_.load(threads_);
  // The longer one takes two steps of prefill.
  const std::vector<std::vector<Token>> prompts_{test::random_tokens(5, config_.vocab_size, 1),
                                                 test::random_tokens(70, config_.vocab_size, 2)};
  std::vector<AdapterSource> pool_;
};

TEST_F(Logo, MeasuresTheOutputsAtTheLastToken) {
  std::vector<double> expected;
  double sum = 0;
  for (const AdapterSource& adapter : pool_) {
    expected.push_back((truth(adapter, prompts_[0]) + truth(adapter, prompts_[1])) / 2);
    sum += expected.back();
  }
  const Blend blend = logo_rule(*model_, pool_, prompts_, 4);
  for (std::size_t n = 0; n < pool_.size(); ++n) {
    EXPECT_NEAR(static_cast<double>(blend.scores[n]) / expected[n], 1, 1e-4);
    EXPECT_NEAR(static_cast<double>(blend.weights[n]), expected[n] / sum, 1e-5);
  }
}

TEST_F(Logo, TheBestShareTheWeight) {
  const Blend one = logo_rule(*model_, pool_, prompts_, 1);
  EXPECT_EQ(one.weights, (std::vector<float>{0, 0, 0, 1})) << "a scale's sign does not matter";
  const Blend two = logo_rule(*model_, pool_, prompts_, 2);
  EXPECT_EQ(std::ranges::count(two.weights, 0.0f), 2);
  EXPECT_GT(two.weights[3], 0.5f);
  EXPECT_NEAR(two.weights[2] + two.weights[3], 1, 1e-6);
}

TEST_F(Logo, AdaptersThatDoNothingAreAlike) {
  for (AdapterSource& adapter : pool_) {
    adapter.scale = 0;
  }
  EXPECT_EQ(logo_rule(*model_, pool_, prompts_, 2).weights, std::vector<float>(4, 0.25f));
}

TEST_F(Logo, RefusesNothing) {
  EXPECT_EQ(test::code_of([&] { logo_rule(*model_, pool_, {}, 2); }), Code::bad_argument);
  EXPECT_EQ(test::code_of([&] { logo_rule(*model_, {}, prompts_, 2); }), Code::bad_argument);
  EXPECT_EQ(test::code_of([&] { logo_rule(*model_, pool_, prompts_, 0); }), Code::bad_argument);
  const std::vector<std::vector<Token>> empty(1);
  EXPECT_EQ(test::code_of([&] { logo_rule(*model_, pool_, empty, 2); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::adapters
