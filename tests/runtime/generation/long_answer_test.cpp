// Prompts and answers that are longer than the context, by generators with a rule of distillation.

#include <gtest/gtest.h>

#include <thread>

#include "runtime/generation/batch_generator.h"
#include "tests/runtime/generation/tiny_model.h"
#include "tests/support/support.h"

namespace crayon::generation {
namespace {

using test::TinyModel;

context::PotOptions pot_of(std::string_view rule) {
  context::PotOptions options;
  options.rule = rule;
  options.catalyst = {7, 8, 9};
  options.rules.observed = 8;
  return options;
}

std::vector<Token> long_prompt(std::size_t count, Token salt) {
  std::vector<Token> tokens(count);
  const auto vocab = static_cast<Token>(TinyModel::get().model().config().vocab_size);
  for (std::size_t i = 0; i < count; ++i) {
    tokens[i] = static_cast<Token>((static_cast<Token>(i) * 31 + salt * 7) % vocab);
  }
  return tokens;
}

GenerateOptions answer_of(std::uint32_t max_tokens, std::uint32_t speculate = 0) {
  return {.max_tokens = max_tokens,
          .sampler = {.temperature = 1.0f, .seed = 3},
          .ignore_end = true,
          .speculate = speculate};
}

Generated alone(std::string_view rule, std::span<const Token> prompt,
                const GenerateOptions& options) {
  const TinyModel& tiny = TinyModel::get();
  const auto session = tiny.session(64);
  context::Pot pot(tiny.model(), *session, pot_of(rule));
  pot.clear(1);
  return generate(tiny.model(), tiny.tokenizer(), pot, prompt, options, {});
}

class LongAnswer : public testing::TestWithParam<const char*> {
 protected:
  BatchGenerator generator_{
      TinyModel::get().model(),
      TinyModel::get().tokenizer(),
      {.sequences = 2, .context = 64, .kv = model::KvDtype::f16, .pot = pot_of(GetParam())}};
};

TEST_P(LongAnswer, IsAsLongAsWanted) {
  const Generated answer = alone(GetParam(), long_prompt(500, 1), answer_of(200));
  EXPECT_EQ(answer.tokens.size(), 200u);
  EXPECT_EQ(answer.finish, Finish::length);
}

TEST_P(LongAnswer, IsTheSameInABatch) {
  const auto first = long_prompt(300, 1);
  const auto second = long_prompt(170, 2);
  const Generated expected_first = alone(GetParam(), first, answer_of(90));
  const Generated expected_second = alone(GetParam(), second, answer_of(120));
  Generated got_first;
  std::thread other([&] { got_first = generator_.generate({.tokens = first}, answer_of(90), {}); });
  const Generated got_second = generator_.generate({.tokens = second}, answer_of(120), {});
  other.join();
  EXPECT_EQ(got_first.tokens, expected_first.tokens);
  EXPECT_EQ(got_second.tokens, expected_second.tokens);
}

/// A conversation goes on from what was distilled, and only that conversation does.
TEST_P(LongAnswer, GoesOnFromWhatIsLeft) {
  std::vector<Token> text = long_prompt(150, 3);
  const Generated first = generator_.generate({.tokens = text}, answer_of(10), {});
  EXPECT_EQ(first.reused_tokens, 0u);
  text.insert(text.end(), first.tokens.begin(), first.tokens.end());
  const auto more = long_prompt(40, 4);
  text.insert(text.end(), more.begin(), more.end());
  const Generated second = generator_.generate({.tokens = text}, answer_of(10), {});
  EXPECT_GE(second.reused_tokens, 150u);

  text[20] += 1;  // that was distilled long ago
  const Generated third = generator_.generate({.tokens = text}, answer_of(10), {});
  EXPECT_EQ(third.reused_tokens, 0u);
}

TEST_P(LongAnswer, PinsWhatItIsAskedTo) {
  const TinyModel& tiny = TinyModel::get();
  SessionGenerator generator(tiny.model(), tiny.tokenizer(), pot_of(GetParam()), 64,
                             model::KvDtype::f16);
  const auto prompt = long_prompt(200, 5);
  EXPECT_EQ(generator.generate({.tokens = prompt, .pinned = 12}, answer_of(5), {}).tokens.size(),
            5u);
  EXPECT_EQ(test::code_of(
                [&] { generator.generate({.tokens = prompt, .pinned = 40}, answer_of(5), {}); }),
            Code::context_full);
}

INSTANTIATE_TEST_SUITE_P(Rules, LongAnswer,
                         testing::Values("infinipot", "snapkv", "tova", "streaming", "keydiff"));

/// Guesses are made as before, also across a distillation.
TEST(LongAnswerWithGuesses, AnswersAsWithout) {
  for (const char* rule : {"infinipot", "streaming"}) {
    std::vector<Token> prompt;
    for (int i = 0; i < 30; ++i) {  // that repeats itself
      for (const Token token : {11, 12, 13, 14, 15}) {
        prompt.push_back(token);
      }
    }
    GenerateOptions options = answer_of(150, 6);
    options.sampler.temperature = 0;
    const Generated guessed = alone(rule, prompt, options);
    EXPECT_GT(guessed.guesses.made, 0u);
    EXPECT_EQ(guessed.tokens.size(), 150u);
    options.speculate = 0;
    EXPECT_EQ(alone(rule, prompt, options).tokens, guessed.tokens) << rule;
  }
}

}  // namespace
}  // namespace crayon::generation
