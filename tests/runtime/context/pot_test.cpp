#include "runtime/context/pot.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/model/batch.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::context {
namespace {

using formats::Dtype;
using model::KvDtype;
using model::Session;
using test::code_of;

PotOptions options_of(std::string_view rule) {
  PotOptions options;
  options.rule = rule;
  options.catalyst = {5, 9, 13, 21};
  options.rules.observed = 8;
  return options;
}

bool all_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

class PotOf : public testing::TestWithParam<std::string_view> {
 protected:
  std::vector<float> read(Pot& pot, std::span<const Token> tokens) const {
    std::vector<float> logits(model_->config().vocab_size);
    pot.read(tokens, logits);
    return logits;
  }

  const test::Packed packed_{test::random_source(test::tiny_config(), 51), Dtype::i8};
  ThreadPool pool_{2};
  const std::unique_ptr<model::Model> model_ = packed_.load(pool_);
  const std::vector<Token> tokens_ = test::random_tokens(900, model_->config().vocab_size, 52);
};

TEST_P(PotOf, ThatNeverFillsIsAPlainCache) {
  const auto some = std::span(tokens_).first(180);
  Session plain(*model_, 200, KvDtype::f16);
  std::vector<float> expected(model_->config().vocab_size);
  model_->forward(plain, some, model::Logits::last, expected);

  Session session(*model_, 200, KvDtype::f16);
  Pot pot(*model_, session, options_of(GetParam()));
  EXPECT_EQ(read(pot, some), expected);
  EXPECT_EQ(pot.statistics().distillations, 0u);
  EXPECT_EQ(pot.statistics().tokens, 180u);
}

TEST_P(PotOf, ThatKeepsAllChangesNothing) {
  const auto some = std::span(tokens_).first(150);
  const auto more = std::span(tokens_).subspan(150, 40);
  Session plain(*model_, 200, KvDtype::f16);
  std::vector<float> expected(model_->config().vocab_size);
  model_->forward(plain, std::span(tokens_).first(190), model::Logits::last, expected);

  Session session(*model_, 200, KvDtype::f16);
  Pot pot(*model_, session, options_of(GetParam()));
  pot.read(some, {});
  pot.distil(150);
  EXPECT_EQ(session.position(), 150u);
  EXPECT_EQ(read(pot, more), expected);
}

TEST_P(PotOf, ReadsAnyLengthInItsPositions) {
  for (const KvDtype dtype : {KvDtype::f32, KvDtype::f16, KvDtype::i8}) {
    Session session(*model_, 64, dtype);
    Pot pot(*model_, session, options_of(GetParam()));
    pot.clear(2);
    EXPECT_TRUE(all_finite(read(pot, tokens_)));
    EXPECT_LE(session.position(), 64u);
    EXPECT_GE(pot.statistics().distillations, 24u);
  }
}

/// Threads share the heads out.
TEST_P(PotOf, HasTheSameBitsOnEveryNumberOfThreads) {
  std::vector<std::vector<float>> results;
  for (const std::size_t threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    const auto model = packed_.load(pool);
    Session session(*model, 100, KvDtype::f16);
    Pot pot(*model, session, options_of(GetParam()));
    results.push_back(read(pot, std::span(tokens_).first(500)));
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

/// Steps of other sizes fill the pot at the same tokens.
TEST_P(PotOf, HasTheSameBitsHoweverItIsRead) {
  std::vector<std::vector<float>> results;
  for (const std::size_t step : {500, 96, 7}) {
    Session session(*model_, 100, KvDtype::f16);
    Pot pot(*model_, session, options_of(GetParam()));
    std::vector<float> logits;
    for (std::size_t at = 0; at < 500; at += step) {
      logits = read(pot, std::span(tokens_).subspan(at, std::min<std::size_t>(step, 500 - at)));
    }
    results.push_back(logits);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST_P(PotOf, ReadsOneTokenAtATime) {
  Session session(*model_, 64, KvDtype::f16);
  Pot pot(*model_, session, options_of(GetParam()));
  std::vector<float> one_by_one;
  for (std::size_t t = 0; t < 130; ++t) {
    one_by_one = read(pot, std::span(tokens_).subspan(t, 1));
  }
  Session other(*model_, 64, KvDtype::f16);
  Pot at_once(*model_, other, options_of(GetParam()));
  EXPECT_EQ(read(at_once, std::span(tokens_).first(130)), one_by_one);
}

TEST_P(PotOf, BeginsAgainAsNew) {
  Session session(*model_, 100, KvDtype::f16);
  Pot pot(*model_, session, options_of(GetParam()));
  const auto some = std::span(tokens_).first(300);
  const std::vector<float> first = read(pot, some);
  pot.clear(0);
  EXPECT_EQ(session.position(), 0u);
  EXPECT_EQ(read(pot, some), first);
}

TEST_P(PotOf, GoesBackAsFarAsItsLastDistillation) {
  Session session(*model_, 100, KvDtype::f16);
  Pot pot(*model_, session, options_of(GetParam()));
  pot.read(std::span(tokens_).first(120), {});
  const std::uint32_t position = session.position();
  ASSERT_GT(position, 60u);
  EXPECT_EQ(pot.kept(position - 10), position - 10);
  EXPECT_EQ(pot.kept(49), 0u);
  pot.rewind(position - 10);
  const std::vector<float> again = read(pot, std::span(tokens_).subspan(110, 10));
  Session other(*model_, 100, KvDtype::f16);
  Pot straight(*model_, other, options_of(GetParam()));
  EXPECT_EQ(read(straight, std::span(tokens_).first(120)), again);
}

INSTANTIATE_TEST_SUITE_P(Rules, PotOf, testing::ValuesIn(rule_names().begin(), rule_names().end()),
                         [](const auto& each) { return std::string(each.param); });

class AnyPot : public PotOf {};

TEST_F(AnyPot, WithoutARuleIsFullAtItsEnd) {
  Session session(*model_, 100, KvDtype::f16);
  Pot pot(*model_, session, {});
  EXPECT_EQ(code_of([&] { pot.read(std::span(tokens_).first(101), {}); }), Code::context_full);
  EXPECT_EQ(session.position(), 0u);
  pot.read(std::span(tokens_).first(100), {});
  EXPECT_EQ(pot.room(), 0u);
}

TEST_F(AnyPot, RefusesWhatItCannotDo) {
  Session session(*model_, 100, KvDtype::f16);
  const auto code = [&](const PotOptions& options) {
    return code_of([&] { Pot(*model_, session, options); });
  };
  EXPECT_EQ(code(options_of("best")), Code::bad_argument);
  PotOptions options = options_of("cap");
  options.catalyst.clear();
  EXPECT_EQ(code(options), Code::bad_argument);
  options = options_of("streaming");
  options.keep = 1.0f;
  EXPECT_EQ(code(options), Code::bad_argument);
  options.keep = std::nanf("");
  EXPECT_EQ(code(options), Code::bad_argument);
  options = options_of("infinipot");
  options.rules.surprise_share = 1.5f;
  EXPECT_EQ(code(options), Code::bad_argument);
  options = options_of("snapkv");
  options.rules.observed = 60;
  EXPECT_EQ(code(options), Code::bad_argument);

  Pot pot(*model_, session, options_of("streaming"));
  EXPECT_EQ(code_of([&] { pot.clear(26); }), Code::context_full);
  pot.clear(25);
}

TEST_F(AnyPot, RefusesLearnedPositionsByName) {
  formats::ModelConfig config = test::tiny_config();
  config.architecture = "gpt2";
  config.positions = formats::Positions::learned;
  const test::Packed packed(test::random_source(config, 53), Dtype::f32);
  const auto model = packed.load(pool_);
  Session session(*model, 64, KvDtype::f32);
  std::string sentence;
  EXPECT_EQ(code_of([&] { Pot(*model, session, options_of("streaming")); }, &sentence),
            Code::unsupported);
  EXPECT_NE(sentence.find("gpt2"), std::string::npos) << sentence;
}

/// Sessions of one batch with pots of their own, each as alone.
TEST_F(AnyPot, WorksInABatch) {
  const std::size_t vocab = model_->config().vocab_size;
  std::vector<std::vector<float>> alone;
  for (const std::string_view rule : {"infinipot", "snapkv"}) {
    Session session(*model_, 100, KvDtype::f16);
    Pot pot(*model_, session, options_of(rule));
    alone.push_back(read(pot, std::span(tokens_).first(400)));
  }
  Session first(*model_, 100, KvDtype::f16);
  Session second(*model_, 100, KvDtype::f16);
  Pot first_pot(*model_, first, options_of("infinipot"));
  Pot second_pot(*model_, second, options_of("snapkv"));
  model::Batch batch(*model_);
  std::vector<float> logits(2 * vocab);
  for (std::size_t at = 0; at < 400; at += 20) {
    std::span<const Token> rest = std::span(tokens_).subspan(at, 20);
    while (!rest.empty()) {
      first_pot.make_room();
      second_pot.make_room();
      const auto some = rest.first(
          std::min({rest.size(), std::size_t{first_pot.room()}, std::size_t{second_pot.room()}}));
      const std::vector<model::Batch::Sequence> sequences = {{&first, some}, {&second, some}};
      batch.forward(sequences, logits);
      first_pot.ran(some);
      second_pot.ran(some);
      rest = rest.subspan(some.size());
    }
  }
  EXPECT_EQ(std::vector<float>(logits.begin(), logits.begin() + static_cast<std::ptrdiff_t>(vocab)),
            alone[0]);
  EXPECT_EQ(std::vector<float>(logits.begin() + static_cast<std::ptrdiff_t>(vocab), logits.end()),
            alone[1]);
}

/// Where all layers have a window, what stands in front of it does not matter: distilling changes
/// nothing but roundings, in rings (window and batch shorter than the context) and without.
TEST_F(AnyPot, LeavesSlidingWindowsWhatTheySee) {
  for (const std::uint32_t context : {64u, 200u}) {
    formats::ModelConfig config = test::tiny_config();
    config.window = 16;
    config.windowed = {true, true};
    const test::Packed packed(test::random_source(config, 54), Dtype::f32);
    const auto model = packed.load(pool_);
    const auto some = std::span(tokens_).first(250);
    Session plain(*model, 256, KvDtype::f32);
    std::vector<float> expected(config.vocab_size);
    model->forward(plain, some, model::Logits::last, expected);
    Session session(*model, context, KvDtype::f32);
    Pot pot(*model, session, options_of("streaming"));
    std::vector<float> got(config.vocab_size);
    pot.read(some, got);
    EXPECT_GE(pot.statistics().distillations, 1u);
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_NEAR(got[i], expected[i], 1e-3) << context << " " << i;
    }
  }
}

}  // namespace
}  // namespace crayon::context
