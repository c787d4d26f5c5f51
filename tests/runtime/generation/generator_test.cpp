#include "runtime/generation/generator.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "runtime/generation/sampler.h"
#include "tests/runtime/generation/tiny_model.h"
#include "tests/support/support.h"

namespace crayon::generation {
namespace {

using test::code_of;
using test::TinyModel;

std::vector<Token> prompt_of(std::string_view text) {
  return TinyModel::get().tokenizer().encode(text);
}

const std::vector<Token>& prompt() {
  static const auto tokens = prompt_of("Once upon a time there was");
  return tokens;
}

/// Sampled text, which is more varied than greedy text; never ends by itself.
GenerateOptions varied(std::uint32_t max_tokens = 40) {
  return {
      .max_tokens = max_tokens, .sampler = {.temperature = 1.0f, .seed = 9}, .ignore_end = true};
}

Generated run(const GenerateOptions& options, const OnProgress& on_progress = {}) {
  const TinyModel& tiny = TinyModel::get();
  const auto session = tiny.session();
  return generate(tiny.model(), tiny.tokenizer(), *session, prompt(), options, on_progress);
}

/// The beginning of the character that holds or follows byte `at`.
std::size_t character_start(const std::string& text, std::size_t at) {
  while (at < text.size() && (text[at] & 0xc0) == 0x80) {
    ++at;
  }
  return at;
}

TEST(Generator, GreedyIsTheArgmaxOfEachForwardPass) {
  const TinyModel& tiny = TinyModel::get();
  const Generated generated = run({.max_tokens = 6, .ignore_end = true});
  ASSERT_EQ(generated.tokens.size(), 6u);
  std::vector<Token> sequence = prompt();
  std::vector<float> logits(tiny.model().config().vocab_size);
  for (std::size_t i = 0; i < generated.tokens.size(); ++i) {
    const auto session = tiny.session();
    tiny.model().forward(*session, sequence, model::Logits::last, logits);
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    EXPECT_EQ(generated.tokens[i], best);
    EXPECT_EQ(generated.log_probabilities[i], log_probability(logits, generated.tokens[i]));
    sequence.push_back(generated.tokens[i]);
  }
}

TEST(Generator, TextIsWhatWasStreamedAndWhatTheTokensSay) {
  std::string streamed;
  const Generated generated = run(varied(), [&](const Progress& progress) {
    streamed += progress.text;
    return true;
  });
  tokenizer::StreamDecoder decoder(TinyModel::get().tokenizer());
  std::string expected;
  for (const Token token : generated.tokens) {
    expected += decoder.push(token);
  }
  expected += decoder.finish();
  EXPECT_EQ(generated.text, expected);
  EXPECT_EQ(streamed, expected);
  EXPECT_EQ(generated.finish, Finish::length);
  EXPECT_EQ(generated.tokens.size(), 40u);
  EXPECT_EQ(generated.prompt_tokens, prompt().size());
  EXPECT_GT(generated.prefill_seconds, 0.0);
  EXPECT_GT(generated.decode_seconds, 0.0);
}

TEST(Generator, TheSeedDecides) {
  GenerateOptions options = varied();
  EXPECT_EQ(run(options).tokens, run(options).tokens);
  const auto tokens = run(options).tokens;
  options.sampler.seed = 10;
  EXPECT_NE(run(options).tokens, tokens);
}

TEST(Generator, LogProbabilitiesAreThoseOfTheUnchangedLogits) {
  const Generated greedy = run({.max_tokens = 1, .ignore_end = true});
  // A temperature and filters change the choice, not what is reported.
  GenerateOptions filtered{.max_tokens = 1, .ignore_end = true};
  filtered.sampler = {.temperature = 5.0f, .top_k = 1, .min_p = 0.5f};
  EXPECT_EQ(run(filtered).log_probabilities, greedy.log_probabilities);
}

TEST(Generator, StopsAtATextThatTokensSplit) {
  const std::string whole = run(varied()).text;
  ASSERT_GT(whole.size(), 30u);
  const std::size_t begin = character_start(whole, whole.size() / 2);
  const std::size_t end = character_start(whole, begin + 8);
  const std::string stop = whole.substr(begin, end - begin);
  GenerateOptions options = varied();
  options.stop = {"never said by anyone", stop};
  std::string streamed;
  const Generated stopped = run(options, [&](const Progress& progress) {
    streamed += progress.text;
    return true;
  });
  EXPECT_EQ(stopped.finish, Finish::stop);
  EXPECT_EQ(stopped.text, whole.substr(0, whole.find(stop)));
  EXPECT_EQ(streamed, stopped.text);
  EXPECT_LT(stopped.tokens.size(), 40u);
  EXPECT_EQ(stopped.tokens.size(), stopped.log_probabilities.size());
}

TEST(Generator, AStopThatNeverCompletesIsShownAtTheEnd) {
  const std::string whole = run(varied()).text;
  GenerateOptions options = varied();
  options.stop = {whole.substr(character_start(whole, whole.size() - 5)) + "more"};
  const Generated generated = run(options);
  EXPECT_EQ(generated.finish, Finish::length);
  EXPECT_EQ(generated.text, whole);
}

TEST(Generator, AnEndTokenEndsAndIsNoPartOfTheAnswer) {
  const TinyModel& tiny = TinyModel::get();
  const Generated whole = run(varied());
  auto data = tiny.tokenizer_data();
  data.end_of_generation = {whole.tokens[5]};
  const tokenizer::Tokenizer ending(data);
  const auto first = std::find(whole.tokens.begin(), whole.tokens.end(), whole.tokens[5]);

  GenerateOptions options = varied();
  options.ignore_end = false;
  const auto session = tiny.session();
  const Generated ended = generate(tiny.model(), ending, *session, prompt(), options, {});
  EXPECT_EQ(ended.finish, Finish::stop);
  EXPECT_EQ(ended.tokens, std::vector<Token>(whole.tokens.begin(), first));

  options.ignore_end = true;
  const auto again = tiny.session();
  EXPECT_EQ(generate(tiny.model(), ending, *again, prompt(), options, {}).tokens, whole.tokens);
}

TEST(Generator, TheCallbackCancelsBetweenTokens) {
  int calls = 0;
  const Generated generated = run(varied(), [&](const Progress&) { return ++calls < 4; });
  EXPECT_EQ(generated.finish, Finish::cancelled);
  EXPECT_EQ(generated.tokens.size(), 3u);  // one call came before the first token
}

TEST(Generator, AnAnswerThatHasEndedIsNotCancelled) {
  const std::string whole = run(varied()).text;
  GenerateOptions options = varied();
  const std::size_t begin = character_start(whole, whole.size() / 2);
  options.stop = {whole.substr(begin, character_start(whole, begin + 3) - begin)};
  int calls = 0;
  ASSERT_EQ(run(options, [&](const Progress&) { return ++calls > 0; }).finish, Finish::stop);
  int left = calls;
  EXPECT_EQ(run(options, [&](const Progress&) { return --left > 0; }).finish, Finish::stop);
  left = calls - 1;
  EXPECT_EQ(run(options, [&](const Progress&) { return --left > 0; }).finish, Finish::cancelled);
}

TEST(Generator, TheCallbackCancelsALongPrefill) {
  const TinyModel& tiny = TinyModel::get();
  const std::vector<Token> tokens(200, prompt().back());
  const auto session = tiny.session();
  const Generated generated = generate(tiny.model(), tiny.tokenizer(), *session, tokens, varied(),
                                       [](const Progress&) { return false; });
  EXPECT_EQ(generated.finish, Finish::cancelled);
  EXPECT_TRUE(generated.tokens.empty());
  EXPECT_LT(session->position(), 200u);
}

TEST(Generator, BlocksOfThePrefillMakeNoDifference) {
  const TinyModel& tiny = TinyModel::get();
  std::vector<Token> tokens;
  for (Token i = 0; i < 150; ++i) {
    tokens.push_back(260 + i % 90);
  }
  const auto blocks = tiny.session();
  const Generated generated =
      generate(tiny.model(), tiny.tokenizer(), *blocks, tokens, varied(1), {});
  const auto once = tiny.session();
  std::vector<float> logits(tiny.model().config().vocab_size);
  tiny.model().forward(*once, tokens, model::Logits::last, logits);
  EXPECT_EQ(generated.log_probabilities[0], log_probability(logits, generated.tokens[0]));
}

TEST(Generator, GoesOnInASession) {
  const TinyModel& tiny = TinyModel::get();
  const auto session = tiny.session();
  const std::size_t half = prompt().size() / 2;
  const auto head = std::span(prompt()).first(half);
  EXPECT_TRUE(
      generate(tiny.model(), tiny.tokenizer(), *session, head, varied(0), {}).tokens.empty());
  EXPECT_EQ(session->position(), half);
  const Generated second = generate(tiny.model(), tiny.tokenizer(), *session,
                                    std::span(prompt()).subspan(half), varied(), {});
  EXPECT_EQ(second.tokens, run(varied()).tokens);
}

TEST(Generator, AFullContextEndsTheAnswer) {
  const TinyModel& tiny = TinyModel::get();
  const auto size = static_cast<std::uint32_t>(prompt().size());
  const auto whole = run(varied()).tokens;
  for (const std::uint32_t more : {0u, 1u, 7u}) {
    const auto session = tiny.session(size + more);
    const Generated generated =
        generate(tiny.model(), tiny.tokenizer(), *session, prompt(), varied(), {});
    EXPECT_EQ(generated.finish, Finish::length);
    // The last token needs no position: nothing follows it.
    EXPECT_EQ(generated.tokens, std::vector<Token>(whole.begin(), whole.begin() + more + 1));
  }
}

TEST(Generator, APromptThatDoesNotFitChangesNothing) {
  const TinyModel& tiny = TinyModel::get();
  const auto session = tiny.session(static_cast<std::uint32_t>(prompt().size()) - 1);
  std::string sentence;
  EXPECT_EQ(
      code_of([&] { generate(tiny.model(), tiny.tokenizer(), *session, prompt(), varied(), {}); },
              &sentence),
      Code::context_full);
  EXPECT_NE(sentence.find(std::to_string(prompt().size())), std::string::npos) << sentence;
  EXPECT_EQ(session->position(), 0u);
}

TEST(Generator, RefusesBadOptions) {
  const TinyModel& tiny = TinyModel::get();
  const auto session = tiny.session();
  const auto refuse = [&](std::span<const Token> tokens, const GenerateOptions& options) {
    return code_of(
        [&] { generate(tiny.model(), tiny.tokenizer(), *session, tokens, options, {}); });
  };
  EXPECT_EQ(refuse({}, varied()), Code::bad_argument);
  EXPECT_EQ(refuse(prompt(), {.stop = {""}}), Code::bad_argument);
  EXPECT_EQ(refuse(prompt(), {.sampler = {.top_p = 2.0f}}), Code::bad_argument);
  EXPECT_EQ(session->position(), 0u);
}

TEST(Generator, WhatTheCallbackThrowsComesOut) {
  EXPECT_THROW(run(varied(), [](const Progress&) -> bool { throw std::runtime_error("mine"); }),
               std::runtime_error);
}

TEST(Generated, ConfidenceIsTheGeometricMean) {
  Generated generated;
  EXPECT_EQ(generated.confidence(), 0.0);
  generated.log_probabilities = {std::log(0.9), std::log(0.4)};
  EXPECT_NEAR(generated.confidence(), 0.6, 1e-12);
}

}  // namespace
}  // namespace crayon::generation
