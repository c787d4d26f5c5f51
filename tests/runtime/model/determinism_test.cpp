// The same bits, however the work is cut up.

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <thread>

#include "tests/runtime/model/tiny_model.h"

namespace crayon::model {
namespace {

using formats::Dtype;
using test::Packed;

bool same_bits(std::span<const float> x, std::span<const float> y) {
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size_bytes()) == 0;
}

/// One model in one dtype; enough tokens for two full steps of a prefill and a part of a third.
class Determinism : public testing::TestWithParam<Dtype> {
 protected:
  std::vector<float> logits(std::size_t threads, const kernels::KernelSet& kernels) const {
    ThreadPool pool(threads);
    const auto model = packed_.load(pool, kernels);
    return test::all_logits(*model, tokens_, model->default_kv());
  }

  const std::uint32_t vocab_ = test::tiny_config().vocab_size;
  const Packed packed_{test::random_source(test::tiny_config(), 11), GetParam()};
  const std::vector<Token> tokens_ = test::random_tokens(130, vocab_, 12);
};

TEST_P(Determinism, EveryNumberOfThreads) {
  const std::vector<float> one = logits(1, kernels::select());
  EXPECT_TRUE(same_bits(one, logits(2, kernels::select())));
  EXPECT_TRUE(same_bits(one, logits(3, kernels::select())));
}

TEST_P(Determinism, EveryKernelSet) {
  const std::vector<float> scalar = logits(1, kernels::by_name("scalar"));
  for (const kernels::KernelSet* set : kernels::all()) {
    if (kernels::runs_here(*set)) {
      EXPECT_TRUE(same_bits(scalar, logits(2, *set))) << set->name;
    }
  }
}

TEST_P(Determinism, DecodeIsPrefill) {
  ThreadPool pool(2);
  const auto model = packed_.load(pool);
  const std::vector<float> prefilled = test::all_logits(*model, tokens_, model->default_kv());
  Session session(*model, 130, model->default_kv());
  std::vector<float> row(vocab_);
  for (std::size_t t = 0; t < tokens_.size(); ++t) {
    model->forward(session, std::span(tokens_).subspan(t, 1), Logits::last, row);
    ASSERT_TRUE(same_bits(row, std::span(prefilled).subspan(t * vocab_, vocab_))) << t;
  }
}

TEST_P(Determinism, AnyCutOfThePrompt) {
  ThreadPool pool(1);
  const auto model = packed_.load(pool);
  const std::vector<float> whole = test::all_logits(*model, tokens_, model->default_kv());
  const auto last_row = std::span(whole).last(vocab_);
  std::vector<float> row(vocab_);
  for (const std::size_t cut : {std::size_t{3}, std::size_t{64}, std::size_t{65}}) {
    Session session(*model, 130, model->default_kv());
    const std::span<const Token> tokens = tokens_;
    model->forward(session, tokens.first(cut), Logits::none, {});
    model->forward(session, tokens.subspan(cut), Logits::last, row);
    EXPECT_TRUE(same_bits(row, last_row)) << cut;
  }
}

TEST_P(Determinism, RewoundSessionsAreAsNew) {
  ThreadPool pool(1);
  const auto model = packed_.load(pool);
  const std::vector<float> whole = test::all_logits(*model, tokens_, model->default_kv());
  Session session(*model, 130, model->default_kv());
  model->forward(session, tokens_, Logits::none, {});
  session.rewind(40);
  EXPECT_EQ(session.position(), 40u);
  std::vector<float> rest(90 * vocab_);
  model->forward(session, std::span(tokens_).subspan(40), Logits::all, rest);
  EXPECT_TRUE(same_bits(rest, std::span(whole).last(rest.size())));
}

TEST_P(Determinism, SessionsSideBySide) {
  ThreadPool pool(2);
  const auto model = packed_.load(pool);
  const std::vector<float> alone = test::all_logits(*model, tokens_, model->default_kv());
  std::vector<float> first, second;
  std::thread other([&] { first = test::all_logits(*model, tokens_, model->default_kv()); });
  second = test::all_logits(*model, tokens_, model->default_kv());
  other.join();
  EXPECT_TRUE(same_bits(first, alone));
  EXPECT_TRUE(same_bits(second, alone));
}

TEST_P(Determinism, LargerContextsChangeNothing) {
  ThreadPool pool(1);
  const auto model = packed_.load(pool);
  const std::vector<float> whole = test::all_logits(*model, tokens_, model->default_kv());
  Session session(*model, 256, model->default_kv());
  std::vector<float> row(vocab_);
  model->forward(session, tokens_, Logits::last, row);
  EXPECT_TRUE(same_bits(row, std::span(whole).last(vocab_)));
}

INSTANTIATE_TEST_SUITE_P(, Determinism,
                         testing::Values(Dtype::f32, Dtype::f16, Dtype::i8, Dtype::i4),
                         [](const auto& value) { return std::string(dtype_name(value.param)); });

}  // namespace
}  // namespace crayon::model
