// A model beside its quantised self, against sums in float64 over logits of whole windows.

#include "runtime/eval/compare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/eval/perplexity.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::eval {
namespace {

using formats::Dtype;
using formats::Token;
using model::KvDtype;

constexpr std::uint32_t window = 100;  // more than the positions whose logits are computed at once
constexpr Token bos = 1;

std::vector<double> log_softmax(std::span<const float> logits) {
  std::vector<double> result(logits.begin(), logits.end());
  double sum = 0;
  for (const double value : result) {
    sum += std::exp(value);
  }
  for (double& value : result) {
    value -= std::log(sum);
  }
  return result;
}

class Compare : public testing::Test {
 protected:
  Comparison compare_all(const model::Model& reference, const model::Model& other) const {
    model::Session a(reference, 128, KvDtype::f32), b(other, 128, KvDtype::f32);
    return compare({&reference, &a}, {&other, &b}, sequences_, {window, bos}, {});
  }
  double perplexity_of(const model::Model& of) const {
    model::Session session(of, 128, KvDtype::f32);
    return perplexity(of, session, sequences_, window, bos, {}).perplexity;
  }

  const formats::ModelSource source_ = test::random_source(test::tiny_config(), 95);
  const test::Packed f32_{source_, Dtype::f32}, i4_{source_, Dtype::i4};
  mutable ThreadPool pool_{1};
  const std::unique_ptr<model::Model> reference_ = f32_.load(pool_);
  const std::unique_ptr<model::Model> quantised_ = i4_.load(pool_);
  // Two windows, then one of which every second token counts.
  const std::vector<Token> long_ = test::random_tokens(150, 67, 96);
  const std::vector<Token> short_ = test::random_tokens(11, 67, 97);
  std::vector<Sequence> sequences_{{long_}, {short_}};
};

TEST_F(Compare, AModelIsLikeItself) {
  const Comparison same = compare_all(*reference_, *reference_);
  EXPECT_EQ(same.tokens, 161u);
  EXPECT_EQ(same.perplexity, same.reference_perplexity);
  EXPECT_EQ(same.kl_largest, 0);
  EXPECT_EQ(same.same_top, 1);
  ASSERT_EQ(same.layers.size(), 2u);
  for (const LayerDeviation& layer : same.layers) {
    EXPECT_EQ(layer.largest, 0);
  }
}

TEST_F(Compare, PerplexitiesAreThoseOfThePerplexityVerb) {
  const Comparison compared = compare_all(*reference_, *quantised_);
  EXPECT_DOUBLE_EQ(compared.reference_perplexity, perplexity_of(*reference_));
  EXPECT_DOUBLE_EQ(compared.perplexity, perplexity_of(*quantised_));
  EXPECT_GT(compared.kl_mean, 0);
}

TEST_F(Compare, DivergencesAreThoseOfTheDistributions) {
  sequences_ = {{short_}};
  for (std::size_t i = 0; i < short_.size(); ++i) {
    sequences_[0].scored.push_back(i % 2 == 0);
  }
  const Comparison compared = compare_all(*reference_, *quantised_);

  std::vector<Token> tokens{bos};
  tokens.insert(tokens.end(), short_.begin(), short_.end());
  const std::vector<float> p = test::all_logits(*reference_, tokens, KvDtype::f32);
  const std::vector<float> q = test::all_logits(*quantised_, tokens, KvDtype::f32);
  std::vector<double> divergences;
  double same_top = 0;
  for (std::size_t row = 0; row < short_.size(); row += 2) {
    const auto a = log_softmax(std::span(p).subspan(row * 67, 67));
    const auto b = log_softmax(std::span(q).subspan(row * 67, 67));
    divergences.push_back(0);
    for (std::size_t i = 0; i < a.size(); ++i) {
      divergences.back() += std::exp(a[i]) * (a[i] - b[i]);
    }
    same_top += std::ranges::max_element(a) - a.begin() == std::ranges::max_element(b) - b.begin();
  }
  const auto count = static_cast<double>(divergences.size());
  EXPECT_EQ(compared.tokens, divergences.size());
  EXPECT_NEAR(compared.kl_mean, std::reduce(divergences.begin(), divergences.end()) / count, 1e-9);
  EXPECT_NEAR(compared.kl_largest, std::ranges::max(divergences), 1e-9);
  std::ranges::sort(divergences);
  EXPECT_NEAR(compared.kl_median, divergences[(divergences.size() - 1) / 2], 1e-9);
  EXPECT_DOUBLE_EQ(compared.same_top, same_top / count);
}

TEST_F(Compare, LayersDeviateWhereTheirWeightsDo) {
  formats::ModelSource changed = test::random_source(test::tiny_config(), 95);
  const std::string down = formats::projection(1, formats::Projection::down);
  for (formats::SourceTensor& tensor : changed.tensors) {
    if (tensor.name == down) {
      tensor.read_rows = [read = tensor.read_rows](std::uint64_t first, std::uint64_t count,
                                                   std::span<float> out) {
        read(first, count, out);
        for (float& value : out) {
          value *= 1.01f;
        }
      };
    }
  }
  const test::Packed packed(changed, Dtype::f32);
  const auto other = packed.load(pool_);
  const Comparison compared = compare_all(*reference_, *other);
  ASSERT_EQ(compared.layers.size(), 2u);
  EXPECT_EQ(compared.layers[0].largest, 0);
  EXPECT_GT(compared.layers[1].relative, 0);
  EXPECT_LT(compared.layers[1].relative, 0.01);
  EXPECT_GT(compared.layers[1].largest, 0);
}

TEST_F(Compare, ModelsOfOtherShapesAreComparedByWhatTheyPredictAlone) {
  formats::ModelConfig config = test::tiny_config();
  config.layers = 1;
  const test::Packed packed(test::random_source(config, 98), Dtype::f32);
  const auto other = packed.load(pool_);
  const Comparison compared = compare_all(*reference_, *other);
  EXPECT_TRUE(compared.layers.empty());
  EXPECT_GT(compared.kl_mean, 0);
}

TEST_F(Compare, RefusesOtherVocabularies) {
  formats::ModelConfig config = test::tiny_config();
  config.vocab_size += 1;
  const test::Packed packed(test::random_source(config, 98), Dtype::f32);
  const auto other = packed.load(pool_);
  EXPECT_EQ(test::code_of([&] { compare_all(*reference_, *other); }), Code::bad_argument);
  sequences_ = {{{1}}};
  EXPECT_EQ(test::code_of([&] { compare_all(*reference_, *reference_); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::eval
