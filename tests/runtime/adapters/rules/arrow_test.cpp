// Tokens that choose their adapters, against dense products and directions in float64.

#include "runtime/adapters/rules/arrow.h"

#include <gtest/gtest.h>

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

#include "runtime/adapters/adapters.h"
#include "runtime/adapters/sum.h"
#include "tests/runtime/adapters/rules/dense.h"
#include "tests/runtime/model/decode_check.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::adapters {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using formats::AdapterSource;
using formats::Projection;
using formats::SourceLora;
using model::KvDtype;

/// The first right singular vector of a dense matrix.
VectorXd first_direction(const MatrixXd& matrix) {
  return Eigen::JacobiSVD<MatrixXd>(matrix, Eigen::ComputeThinU | Eigen::ComputeThinV)
      .matrixV()
      .col(0);
}

class Arrow : public testing::Test {
 protected:
  Arrow() {
    for (std::uint64_t n = 0; n < 4; ++n) {
      pool_.push_back(test::random_adapter(config_, static_cast<std::uint32_t>(2 + n), 1.5f, n));
    }
    // The first expert leaves one projection as it is.
    pool_[0].factors.pop_back();
  }

  /// What the published rule adds for a token x, from dense matrices.
  std::vector<double> truth_at(std::uint32_t layer, Projection which, const std::vector<double>& x,
                               const ArrowOptions& options) const {
    const VectorXd input =
        Eigen::Map<const VectorXd>(x.data(), static_cast<Eigen::Index>(x.size()));
    std::vector<std::pair<double, VectorXd>> answers;  // score and delta x
    for (const AdapterSource& adapter : pool_) {
      for (const SourceLora& factor : adapter.factors) {
        if (factor.layer == layer && factor.projection == which) {
          const MatrixXd delta = test::dense_matrix(factor, adapter.scale);
          answers.emplace_back(std::abs(first_direction(delta).dot(input)), delta * input);
        }
      }
    }
    std::ranges::sort(answers, [](const auto& l, const auto& r) { return l.first > r.first; });
    answers.resize(std::min<std::size_t>(answers.size(), options.top_k));
    VectorXd sum = VectorXd::Zero(answers.front().second.size());
    double weights = 0;
    for (const auto& [score, answer] : answers) {
      const double weight = std::exp(score / static_cast<double>(options.temperature));
      sum += weight * answer;
      weights += weight;
    }
    sum /= weights;
    return {sum.begin(), sum.end()};
  }

  std::vector<double> truth(const ArrowOptions& options,
                            const std::vector<test::DenseDelta>& deltas = {}) const {
    return test::reference_logits(
        source_, tokens_, deltas,
        [&](std::uint32_t layer, Projection which, const std::vector<double>& x) {
          return truth_at(layer, which, x, options);
        });
  }

  /// The pool as one adapter with experts, packed and loaded again.
  std::shared_ptr<const model::Adapter> routed(const ArrowOptions& options) const {
    const auto path = packed_.folder / "routed.crayon";
    formats::pack_adapter(arrow(pool_, options, "routed"), packed_.bundle, path);
    const auto adapter = formats::read_adapter(formats::Bundle::open(path), 0, packed_.bundle);
    const Part part{&adapter, 1.0f};
    return combine({&part, 1}, packed_.bundle);
  }

  std::vector<float> logits(std::shared_ptr<const model::Adapter> adapter) const {
    return test::all_logits(*model_, tokens_, KvDtype::f32, std::move(adapter));
  }

  const formats::ModelConfig config_ = test::tiny_config();
  const formats::ModelSource source_ = test::random_source(config_, 51);
  const test::Packed packed_{source_, formats::Dtype::f32};
  ThreadPool threads_{2};
  const std::unique_ptr<model::Model> model_ = packed_.load(threads_);
  const std::vector<formats::Token> tokens_ = test::random_tokens(20, config_.vocab_size, 52);
  std::vector<AdapterSource> pool_;
};

TEST_F(Arrow, DirectionsAreTheFirstRightSingularVectors) {
  const AdapterSource adapter = arrow(pool_, {}, "routed");
  EXPECT_EQ(adapter.rank, 2u + 3 + 4 + 5);
  for (std::size_t n = 0; n < pool_.size(); ++n) {
    for (const SourceLora& factor : pool_[n].factors) {
      const auto whole = std::ranges::find_if(adapter.factors, [&](const SourceLora& each) {
        return each.layer == factor.layer && each.projection == factor.projection;
      });
      ASSERT_NE(whole, adapter.factors.end());
      const VectorXd expected = first_direction(test::dense_matrix(factor, 1.0f));
      const VectorXd direction =
          Eigen::Map<const Eigen::VectorXf>(
              &whole->directions[n * static_cast<std::size_t>(expected.size())], expected.size())
              .cast<double>();
      EXPECT_NEAR(std::abs(direction.dot(expected)), 1, 1e-6) << "expert " << n;
    }
  }
}

TEST_F(Arrow, EveryTokenTakesWhatTheDenseRuleGivesIt) {
  for (const ArrowOptions& options : {ArrowOptions{1, 1.0f}, ArrowOptions{2, 0.3f},
                                      ArrowOptions{3, 2.0f}, ArrowOptions{9, 1.0f}}) {
    const std::vector<double> expected = truth(options);
    EXPECT_GT(test::largest_difference(logits(nullptr), expected), 1.0) << "it does nothing";
    EXPECT_LT(test::largest_difference(logits(routed(options)), expected), 1e-4)
        << "top " << options.top_k;
  }
}

TEST_F(Arrow, IsNoStaticBlend) {
  std::vector<Part> parts;
  for (const AdapterSource& adapter : pool_) {
    parts.push_back({&adapter, 0.25f});
  }
  EXPECT_GT(test::largest_difference(logits(combine(parts, packed_.bundle)), truth({4, 1.0f})),
            0.1);
}

TEST_F(Arrow, DecodeIsPrefillOnEveryNumberOfThreads) {
  const model::WeightedAdapter alone{routed({2, 0.5f})};
  test::expect_decode_is_prefill(packed_, tokens_, logits(alone.adapter),
                                 [&](model::Session& session) {
                                   session.attach({&alone, 1});
                                 });
}

TEST_F(Arrow, OneExpertIsTheAdapterItself) {
  const AdapterSource only = test::random_adapter(config_, 3, 1.5f, 53);
  const AdapterSource adapter = arrow({&only, 1}, {}, "one");
  const Part part{&adapter, 0.5f};
  EXPECT_LT(
      test::largest_difference(logits(combine({&part, 1}, packed_.bundle)),
                               test::reference_logits(source_, tokens_, test::merged(only, 0.5))),
      1e-4);
}

TEST_F(Arrow, AddsUpWithAnotherAdapterButIsNoPartOfABlend) {
  const AdapterSource adapter = arrow(pool_, {}, "routed");
  const AdapterSource other = test::random_adapter(config_, 3, 1.0f, 99);
  const std::vector<Part> parts{{&other, 0.5f}, {&adapter, 1.0f}};
  EXPECT_LT(test::largest_difference(logits(combine(parts, packed_.bundle)),
                                     truth({}, test::merged(other, 0.5))),
            1e-4);
  EXPECT_EQ(test::code_of([&] { Sum(parts, "x"); }), Code::bad_argument);
  const std::vector<Part> two{{&adapter, 0.5f}, {&adapter, 0.5f}};
  EXPECT_EQ(test::code_of([&] { combine(two, packed_.bundle); }), Code::bad_argument);
}

TEST_F(Arrow, NeedsAPool) {
  EXPECT_EQ(test::code_of([] { arrow({}, {}, "none"); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::adapters
