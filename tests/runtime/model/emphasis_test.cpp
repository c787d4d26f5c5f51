// What keys weigh in attention: Session::weigh().

#include <gtest/gtest.h>

#include <cmath>

#include "tests/runtime/model/reference_forward.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::model {
namespace {

using formats::Dtype;
using test::code_of;

formats::ModelConfig windowed_config() {
  formats::ModelConfig config = test::tiny_config();
  config.window = 16;
  config.windowed = {true, false};
  config.attention_softcap = 5.0f;
  return config;
}

/// From none to strong, with some removed; the first token stays.
std::vector<float> weights_of(std::size_t tokens) {
  constexpr float few[] = {1.0f, 4.0f, 0.2f, 1.0f, 0.0f, 1.5f, 1.0f};
  std::vector<float> weights;
  for (std::size_t t = 0; t < tokens; ++t) {
    weights.push_back(few[t % 7]);
  }
  return weights;
}

class EmphasisOf : public testing::TestWithParam<bool> {
 protected:
  std::vector<float> run(Session& session, std::span<const Token> tokens,
                         const Emphasis& emphasis) const {
    std::vector<float> logits(tokens.size() * model_->config().vocab_size);
    session.weigh(emphasis);
    model_->forward(session, tokens, Logits::all, logits);
    return logits;
  }

  static constexpr std::size_t count_ = 150;  // more than a step
  const formats::ModelSource source_ =
      test::random_source(GetParam() ? windowed_config() : test::tiny_config(), 71);
  const test::Packed packed_{source_, Dtype::f32};
  ThreadPool pool_{2};
  const std::unique_ptr<Model> model_ = packed_.load(pool_);
  const std::vector<Token> tokens_ = test::random_tokens(count_, model_->config().vocab_size, 72);
  const std::vector<float> weights_ = weights_of(count_);
};

TEST_P(EmphasisOf, IsWhatTheFormulaSays) {
  for (const std::uint32_t first_layer : {0u, 1u}) {
    Session session(*model_, count_, KvDtype::f32);
    const std::vector<float> logits = run(session, tokens_, {weights_, first_layer});
    EXPECT_LT(test::largest_difference(logits, test::reference_logits(source_, tokens_, {}, {},
                                                                      {weights_, first_layer})),
              2e-4);
    EXPECT_GT(test::largest_difference(logits, test::reference_logits(source_, tokens_)), 0.1);
  }
}

TEST_P(EmphasisOf, OneIsNoneToTheBit) {
  for (const KvDtype kv : {KvDtype::f32, KvDtype::f16, KvDtype::i8}) {
    Session plain(*model_, count_, kv), ones(*model_, count_, kv), last(*model_, count_, kv);
    const std::vector<float> logits = run(plain, tokens_, {});
    EXPECT_EQ(run(ones, tokens_, {std::vector<float>(count_, 1.0f)}), logits);
    // The same through the sums that weights take part in: nobody sees the last token.
    std::vector<float> weights(count_, 1.0f);
    weights.back() = 2.0f;
    std::vector<float> stressed = run(last, tokens_, {weights});
    const auto before = static_cast<std::ptrdiff_t>((count_ - 1) * model_->config().vocab_size);
    EXPECT_TRUE(std::equal(logits.begin(), logits.begin() + before, stressed.begin()));
  }
}

TEST_P(EmphasisOf, ZeroIsSeenByNobody) {
  std::vector<Token> other = tokens_;
  std::vector<float> weights(count_, 1.0f);
  for (const std::size_t hidden : {3u, 4u, 99u}) {
    weights[hidden] = 0.0f;
    other[hidden] = (other[hidden] + 1) % static_cast<Token>(model_->config().vocab_size);
  }
  Session one(*model_, count_, KvDtype::f16), two(*model_, count_, KvDtype::f16);
  const std::vector<float> first = run(one, tokens_, {weights});
  const std::vector<float> second = run(two, other, {weights});
  const std::size_t vocab = model_->config().vocab_size;
  for (std::size_t t = 0; t < count_; ++t) {
    const bool same = std::equal(first.begin() + static_cast<std::ptrdiff_t>(t * vocab),
                                 first.begin() + static_cast<std::ptrdiff_t>((t + 1) * vocab),
                                 second.begin() + static_cast<std::ptrdiff_t>(t * vocab));
    EXPECT_EQ(same, weights[t] != 0.0f) << t;
  }
}

TEST_P(EmphasisOf, IsTheSameHoweverItIsRead) {
  Session whole(*model_, count_, KvDtype::f16), pieces(*model_, count_, KvDtype::f16);
  const std::vector<float> expected = run(whole, tokens_, {weights_});
  std::vector<float> logits;
  for (std::size_t done = 0; done < count_;) {
    const std::size_t count = std::min<std::size_t>(1 + done % 37, count_ - done);
    const std::vector<float> some =
        run(pieces, std::span(tokens_).subspan(done, count), Emphasis{weights_}.part(done, count));
    logits.insert(logits.end(), some.begin(), some.end());
    done += count;
  }
  EXPECT_EQ(logits, expected);
}

TEST_P(EmphasisOf, IsForgottenWithTheTokens) {
  const auto some = std::span(tokens_).first(40);
  Session session(*model_, count_, KvDtype::f16), fresh(*model_, count_, KvDtype::f16);
  const std::vector<float> expected = run(fresh, some, {});
  run(session, tokens_, {weights_});
  session.rewind(0);
  EXPECT_EQ(run(session, some, {}), expected);
  // Taken back before they have run, and behind tokens that keep theirs.
  session.rewind(0);
  session.weigh({weights_});
  session.weigh({});
  EXPECT_EQ(run(session, some, {}), expected);
  session.rewind(0);
  run(session, some, {std::span(weights_).first(40)});
  Session other(*model_, count_, KvDtype::f16);
  run(other, some, {std::span(weights_).first(40)});
  const std::vector<float> more = run(other, std::span(tokens_).subspan(40, 20), {});
  run(session, std::span(tokens_).subspan(40, 50), {std::span(weights_).subspan(40, 50)});
  session.rewind(40);
  EXPECT_EQ(run(session, std::span(tokens_).subspan(40, 20), {}), more);
}

TEST_P(EmphasisOf, RefusesWhatIsNoWeight) {
  Session session(*model_, 8, KvDtype::f16);
  for (const float bad : {-1.0f, NAN, INFINITY}) {
    const std::vector<float> weights = {1.0f, bad};
    EXPECT_EQ(code_of([&] { session.weigh({weights}); }), Code::bad_argument);
  }
  EXPECT_EQ(code_of([&] { session.weigh({std::vector<float>(9, 2.0f)}); }), Code::context_full);
}

INSTANTIATE_TEST_SUITE_P(Models, EmphasisOf, testing::Bool(), [](const auto& model) {
  return model.param ? "WithWindowsAndCap" : "Plain";
});

}  // namespace
}  // namespace crayon::model
