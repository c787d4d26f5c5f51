#include "runtime/generation/lookahead.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/generation/generator.h"
#include "tests/runtime/generation/tiny_model.h"

namespace crayon::generation {
namespace {

using test::TinyModel;
using Tokens = std::vector<Token>;

Tokens look(const Tokens& text, std::size_t most) {
  const std::span<const Token> found = look_up(text, most);
  return {found.begin(), found.end()};
}

TEST(LookUp, FindsWhatStoodBehindTheLastThreeTokens) {
  EXPECT_EQ(look({7, 1, 2, 3, 4, 5, 9, 1, 2, 3}, 2), (Tokens{4, 5}));
  EXPECT_EQ(look({7, 1, 2, 3, 4, 5, 9, 1, 2, 3}, 9), (Tokens{4, 5, 9, 1, 2, 3}));
}

TEST(LookUp, TakesTheLatestPlaceAndTheLongerPattern) {
  EXPECT_EQ(look({1, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3}, 1), (Tokens{5}));
  EXPECT_EQ(look({1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3}, 1), (Tokens{4}));
  EXPECT_EQ(look({8, 2, 3, 6, 1, 2, 3}, 1), (Tokens{6})) << "two tokens will do";
}

TEST(LookUp, ARepetitionMayRunIntoItself) {
  EXPECT_EQ(look({4, 4, 4, 4}, 5), (Tokens{4}));
}

TEST(LookUp, SuggestsNothingForNewText) {
  EXPECT_TRUE(look({}, 4).empty());
  EXPECT_TRUE(look({1}, 4).empty());
  EXPECT_TRUE(look({1, 2, 3, 4, 5}, 4).empty());
  EXPECT_TRUE(look({1, 2, 1, 2, 1, 2}, 0).empty());
}

/// A prompt that repeats itself, so that there is something to look up.
Tokens repetitive() {
  Tokens tokens = TinyModel::get().tokenizer().encode("one two three, one two three, one two");
  return tokens;
}

struct Outcome {
  Generated generated;
  std::uint32_t position;
};

Outcome generate_with(std::uint32_t speculate, GenerateOptions options,
                      std::uint32_t context = 256) {
  const TinyModel& tiny = TinyModel::get();
  const auto session = tiny.session(context);
  options.speculate = speculate;
  options.ignore_end = true;
  Generated generated =
      generate(tiny.model(), tiny.tokenizer(), *session, repetitive(), options, {});
  return {std::move(generated), session->position()};
}

void expect_the_same(const GenerateOptions& options, std::uint32_t context = 256) {
  const Outcome plain = generate_with(0, options, context);
  EXPECT_EQ(plain.generated.guesses.made, 0u);
  for (const std::uint32_t speculate : {1u, 4u, 16u, 63u, 1000u}) {
    SCOPED_TRACE(speculate);
    const Outcome guessed = generate_with(speculate, options, context);
    EXPECT_EQ(guessed.generated.tokens, plain.generated.tokens);
    EXPECT_EQ(guessed.generated.text, plain.generated.text);
    EXPECT_EQ(guessed.generated.log_probabilities, plain.generated.log_probabilities);
    EXPECT_EQ(guessed.generated.finish, plain.generated.finish);
    EXPECT_EQ(guessed.position, plain.position) << "guesses are forgotten";
  }
}

TEST(Lookahead, GreedyTextIsExactlyTheSame) {
  expect_the_same({.max_tokens = 100});
}

TEST(Lookahead, SampledTextIsExactlyTheSame) {
  expect_the_same({.max_tokens = 60, .sampler = {.temperature = 0.7f, .seed = 3}});
}

TEST(Lookahead, AContextIsFilledToItsEnd) {
  expect_the_same({.max_tokens = 200}, 64);
}

TEST(Lookahead, AStopTextEndsTheSame) {
  const std::string text = generate_with(0, {.max_tokens = 30}).generated.text;
  ASSERT_GT(text.size(), 12u);
  expect_the_same({.max_tokens = 30, .stop = {text.substr(8, 3)}});
}

TEST(Lookahead, RepetitionTakesFewerSteps) {
  const Generated plain = generate_with(0, {.max_tokens = 150}).generated;
  const Generated guessed = generate_with(8, {.max_tokens = 150}).generated;
  EXPECT_EQ(plain.guesses.steps, 149u);
  EXPECT_LT(guessed.guesses.steps, plain.guesses.steps * 4 / 5);
  EXPECT_EQ(guessed.guesses.steps + guessed.guesses.right, 149u);
  EXPECT_LE(guessed.guesses.right, guessed.guesses.made);
}

}  // namespace
}  // namespace crayon::generation
