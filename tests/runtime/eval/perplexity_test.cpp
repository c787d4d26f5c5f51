#include "runtime/eval/perplexity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/runtime/model/reference_forward.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::eval {
namespace {

using formats::Dtype;
using formats::Token;
using model::KvDtype;

double loss_of(const std::vector<double>& logits, std::size_t row, std::size_t vocab, Token next) {
  double sum = 0;
  for (std::size_t i = 0; i < vocab; ++i) {
    sum += std::exp(logits[row * vocab + i]);
  }
  return std::log(sum) - logits[row * vocab + static_cast<std::size_t>(next)];
}

/// Perplexity in float64 of windows that are given as they are run, first token not predicted.
double reference(const formats::ModelSource& source,
                 const std::vector<std::vector<Token>>& windows) {
  const std::size_t vocab = source.config.vocab_size;
  double loss = 0;
  double count = 0;
  for (const std::vector<Token>& window : windows) {
    const std::vector<double> logits = test::reference_logits(source, window);
    for (std::size_t t = 0; t + 1 < window.size(); ++t) {
      loss += loss_of(logits, t, vocab, window[t + 1]);
      count += 1;
    }
  }
  return std::exp(loss / count);
}

class PerplexityTest : public testing::Test {
 protected:
  const formats::ModelSource source_ = test::random_source(test::tiny_config(), 91);
  const test::Packed packed_{source_, Dtype::f32};
  ThreadPool pool_{1};
  const std::unique_ptr<model::Model> model_ = packed_.load(pool_);
  model::Session session_{*model_, 128, KvDtype::f32};

  /// Of one sequence, all of which counts.
  Perplexity measure(std::span<const Token> tokens, std::uint32_t window, Token bos,
                     const std::function<void(double)>& progress) {
    const Sequence sequence{{tokens.begin(), tokens.end()}};
    return perplexity(*model_, session_, {&sequence, 1}, window, bos, progress);
  }
};

TEST_F(PerplexityTest, OneWindowIsTheReference) {
  const std::vector<Token> tokens = test::random_tokens(30, 67, 92);
  const Perplexity result = measure(tokens, 128, -1, {});
  EXPECT_EQ(result.tokens, 29u);
  EXPECT_NEAR(result.perplexity / reference(source_, {tokens}), 1.0, 1e-5);
}

TEST_F(PerplexityTest, WindowsStartAfresh) {
  const std::vector<Token> tokens{5, 6, 7, 8, 9, 10, 11};
  const Perplexity result = measure(tokens, 3, -1, {});
  EXPECT_EQ(result.tokens, 4u);  // of (5 6 7) (8 9 10) (11), all but the first
  EXPECT_NEAR(result.perplexity / reference(source_, {{5, 6, 7}, {8, 9, 10}}), 1.0, 1e-5);
}

TEST_F(PerplexityTest, BosOpensEachWindowAndIsNotCounted) {
  const std::vector<Token> tokens{5, 6, 7, 8, 9};
  const Perplexity result = measure(tokens, 3, 1, {});
  EXPECT_EQ(result.tokens, 5u);
  EXPECT_NEAR(result.perplexity / reference(source_, {{1, 5, 6}, {1, 7, 8}, {1, 9}}), 1.0, 1e-5);
}

TEST_F(PerplexityTest, LongWindowsAreRunInChunks) {
  const std::vector<Token> tokens = test::random_tokens(128, 67, 93);
  const Perplexity result = measure(tokens, 128, -1, {});
  EXPECT_EQ(result.tokens, 127u);
  EXPECT_NEAR(result.perplexity / reference(source_, {tokens}), 1.0, 1e-5);
}

TEST_F(PerplexityTest, EachSequenceStartsAfresh) {
  const std::vector<Sequence> sequences = {{{5, 6, 7}}, {{8}}, {{9, 10, 11, 12}}};
  const Perplexity result = perplexity(*model_, session_, sequences, 128, -1, {});
  EXPECT_EQ(result.tokens, 5u);
  EXPECT_NEAR(result.perplexity / reference(source_, {{5, 6, 7}, {9, 10, 11, 12}}), 1.0, 1e-5);
}

TEST_F(PerplexityTest, OnlyWhatIsScoredCounts) {
  const std::vector<Token> tokens = test::random_tokens(100, 67, 97);
  std::vector<bool> scored(100);
  for (const std::size_t i : {0u, 3u, 64u, 65u, 90u}) {
    scored[i] = true;  // the first is not predicted
  }
  const std::vector<Sequence> sequences = {{tokens, scored}, {tokens, std::vector<bool>(100)}};
  const Perplexity result = perplexity(*model_, session_, sequences, 128, -1, {});
  EXPECT_EQ(result.tokens, 4u);
  const std::vector<double> logits = test::reference_logits(source_, tokens);
  double loss = 0;
  for (const std::size_t i : {3u, 64u, 65u, 90u}) {
    loss += loss_of(logits, i - 1, 67, tokens[i]);
  }
  EXPECT_NEAR(result.perplexity / std::exp(loss / 4), 1.0, 1e-5);
  EXPECT_EQ(test::code_of(
                [&] { perplexity(*model_, session_, std::span(sequences).last(1), 128, -1, {}); }),
            Code::bad_argument);
}

TEST_F(PerplexityTest, ProgressEndsAtOne) {
  const std::vector<Token> tokens = test::random_tokens(100, 67, 94);
  std::vector<double> shares;
  measure(tokens, 30, -1, [&](double share) { shares.push_back(share); });
  EXPECT_TRUE(std::ranges::is_sorted(shares));
  EXPECT_GE(shares.size(), 4u);
  EXPECT_EQ(shares.back(), 1.0);
}

TEST_F(PerplexityTest, RefusesWhatCannotBeMeasured) {
  const std::vector<Token> two{1, 2};
  const auto code = [&](std::span<const Token> tokens, std::uint32_t window, Token bos) {
    return test::code_of([&] { measure(tokens, window, bos, {}); });
  };
  EXPECT_EQ(code({}, 16, -1), Code::bad_argument);
  EXPECT_EQ(code(std::span(two).first(1), 16, 1), Code::bad_argument);
  EXPECT_EQ(code(two, 1, -1), Code::bad_argument);
  EXPECT_EQ(code(two, 129, -1), Code::bad_argument);
  EXPECT_EQ(code(two, 16, 67), Code::bad_argument);
  EXPECT_EQ(code(std::vector<Token>{1, 67}, 16, -1), Code::bad_argument);
}

TEST(Perplexity, OfAModelThatKnowsNothingIsTheSizeOfItsVocabulary) {
  formats::ModelSource source = test::random_source(test::tiny_config(), 95);
  for (formats::SourceTensor& tensor : source.tensors) {
    if (tensor.name == formats::output_head) {
      tensor.read_rows = [](std::uint64_t, std::uint64_t, std::span<float> out) {
        std::ranges::fill(out, 0.0f);
      };
    }
  }
  for (const Dtype dtype : {Dtype::f32, Dtype::i8}) {
    const test::Packed packed(source, dtype);
    ThreadPool pool(1);
    const auto model = packed.load(pool);
    model::Session session(*model, 64, model->default_kv());
    const Sequence sequence{test::random_tokens(60, 67, 96)};
    EXPECT_NEAR(perplexity(*model, session, {&sequence, 1}, 64, -1, {}).perplexity, 67.0, 1e-9);
  }
}

}  // namespace
}  // namespace crayon::eval
