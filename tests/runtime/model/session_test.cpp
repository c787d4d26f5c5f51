// What forward() and sessions refuse, and that they are then as they were.

#include <gtest/gtest.h>

#include "runtime/model/adapter.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::model {
namespace {

using formats::Dtype;
using test::code_of;

class Refusals : public testing::Test {
 protected:
  void SetUp() override {
    const std::vector<Token> tokens{1, 2, 3};
    model_->forward(session_, tokens, Logits::none, {});
  }

  /// The logits that follow when nothing has touched the session.
  std::vector<float> next(Session& session) const {
    std::vector<float> logits(vocab_);
    const Token token = 4;
    model_->forward(session, {&token, 1}, Logits::last, logits);
    return logits;
  }

  void expect_unchanged() {
    EXPECT_EQ(session_.position(), 3u);
    Session other(*model_, 8, KvDtype::f32);
    const std::vector<Token> tokens{1, 2, 3};
    model_->forward(other, tokens, Logits::none, {});
    EXPECT_EQ(next(session_), next(other));
  }

  const test::Packed packed_{test::random_source(test::tiny_config(), 21), Dtype::f32};
  ThreadPool pool_{1};
  const std::unique_ptr<Model> model_ = packed_.load(pool_);
  const std::uint32_t vocab_ = model_->config().vocab_size;
  Session session_{*model_, 8, KvDtype::f32};
  std::vector<float> logits_ = std::vector<float>(vocab_);
};

TEST_F(Refusals, IdsOutOfRange) {
  for (const Token bad : {Token{-1}, static_cast<Token>(vocab_)}) {
    const std::vector<Token> tokens{5, bad};
    std::string sentence;
    EXPECT_EQ(code_of([&] { model_->forward(session_, tokens, Logits::last, logits_); }, &sentence),
              Code::bad_argument);
    EXPECT_NE(sentence.find(std::to_string(bad)), std::string::npos) << sentence;
    EXPECT_EQ(code_of([&] { model_->query_embedding(tokens); }), Code::bad_argument);
  }
  expect_unchanged();
}

TEST_F(Refusals, MoreThanTheContextHolds) {
  const std::vector<Token> tokens(6, 1);
  EXPECT_EQ(code_of([&] { model_->forward(session_, tokens, Logits::last, logits_); }),
            Code::context_full);
  expect_unchanged();
}

TEST_F(Refusals, RoomForOtherLogitsThanAsked) {
  const std::vector<Token> tokens{5, 6};
  const auto forward = [&](Logits wanted) {
    return code_of([&] { model_->forward(session_, tokens, wanted, logits_); });
  };
  EXPECT_EQ(forward(Logits::none), Code::bad_argument);
  EXPECT_EQ(forward(Logits::all), Code::bad_argument);
  expect_unchanged();
}

TEST_F(Refusals, NoTokens) {
  EXPECT_EQ(code_of([&] { model_->forward(session_, {}, Logits::none, {}); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { model_->query_embedding({}); }), Code::bad_argument);
  expect_unchanged();
}

TEST_F(Refusals, SessionsOfAnotherModel) {
  const auto twin = packed_.load(pool_);
  const std::vector<Token> tokens{5};
  EXPECT_EQ(code_of([&] { twin->forward(session_, tokens, Logits::none, {}); }),
            Code::bad_argument);
  expect_unchanged();
}

TEST_F(Refusals, ContextsOutOfRange) {
  EXPECT_EQ(code_of([&] { Session(*model_, 0, KvDtype::f16); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { Session(*model_, model_->config().max_context + 1, KvDtype::f16); }),
            Code::bad_argument);
}

TEST_F(Refusals, RewindingForward) {
  EXPECT_EQ(code_of([&] { session_.rewind(4); }), Code::bad_argument);
  expect_unchanged();
}

TEST_F(Refusals, AdaptersOfAnotherBase) {
  formats::Hash other = model_->id();
  other[0] ^= 1;
  const WeightedAdapter adapter{
      std::make_shared<const Adapter>(other, std::vector<Adapter::Layer>(model_->config().layers))};
  EXPECT_EQ(code_of([&] { session_.attach({&adapter, 1}); }), Code::wrong_base);
  expect_unchanged();
}

TEST_F(Refusals, AdaptersOfAnotherShape) {
  const auto attach = [&](std::vector<Adapter::Layer> layers) {
    const WeightedAdapter adapter{std::make_shared<const Adapter>(model_->id(), std::move(layers))};
    return code_of([&] { session_.attach({&adapter, 1}); });
  };
  EXPECT_EQ(attach(std::vector<Adapter::Layer>(1)), Code::bad_shape);
  std::vector<Adapter::Layer> layers(model_->config().layers);
  LowRank& q = layers[1][0];
  q.rank = 1;
  q.a.resize(model_->config().dim);
  q.b.resize(model_->config().query_dim() - 1);
  q.rank_scale.resize(1);
  EXPECT_EQ(attach(layers), Code::bad_shape);
  expect_unchanged();
}

TEST_F(Refusals, TheContextCanBeFilledToTheBrim) {
  const std::vector<Token> tokens(5, 1);
  model_->forward(session_, tokens, Logits::last, logits_);
  EXPECT_EQ(session_.position(), session_.context());
}

}  // namespace
}  // namespace crayon::model
