#include "runtime/generation/batch_generator.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/generation/tiny_model.h"
#include "tests/support/support.h"

namespace crayon::generation {
namespace {

using test::code_of;
using test::TinyModel;

std::vector<Token> tokens_of(std::string_view text) {
  return TinyModel::get().tokenizer().encode(text);
}

GenerateOptions varied(std::uint64_t seed, std::uint32_t max_tokens = 24) {
  return {
      .max_tokens = max_tokens, .sampler = {.temperature = 1.0f, .seed = seed}, .ignore_end = true};
}

/// What the answer is when nobody else is there.
Generated alone(std::span<const Token> prompt, const GenerateOptions& options) {
  const TinyModel& tiny = TinyModel::get();
  const auto session = tiny.session();
  return generate(tiny.model(), tiny.tokenizer(), *session, prompt, options, {});
}

class BatchGeneratorTest : public testing::Test {
 protected:
  explicit BatchGeneratorTest(std::uint32_t sequences = 3)
      : generator_(TinyModel::get().model(), TinyModel::get().tokenizer(),
                   {.sequences = sequences, .context = 256, .kv = model::KvDtype::f16}) {}

  Generated ask(std::span<const Token> prompt, const GenerateOptions& options,
                const OnProgress& on_progress = {}) {
    return generator_.generate({.tokens = prompt}, options, on_progress);
  }
  void expect_as_alone(std::span<const Token> prompt, const GenerateOptions& options) {
    const Generated expected = alone(prompt, options);
    const Generated got = ask(prompt, options);
    EXPECT_EQ(got.tokens, expected.tokens);
    EXPECT_EQ(got.log_probabilities, expected.log_probabilities);
    EXPECT_EQ(got.text, expected.text);
    EXPECT_EQ(got.finish, expected.finish);
  }

  BatchGenerator generator_;
};

TEST_F(BatchGeneratorTest, AnAnswerIsTheSameAsAlone) {
  for (const std::uint32_t speculate : {0u, 4u}) {
    GenerateOptions options = varied(1);
    options.speculate = speculate;
    expect_as_alone(tokens_of("Once upon a time"), options);
  }
  expect_as_alone(std::vector<Token>(200, 300), varied(2, 56));
}

TEST_F(BatchGeneratorTest, ManyAtOnceAreEachTheSameAsAlone) {
  std::vector<std::thread> askers;
  for (std::uint64_t seed = 0; seed < 9; ++seed) {
    askers.emplace_back([this, seed] {
      std::string text = "Once upon a time";
      for (std::uint64_t i = 0; i < seed * seed; ++i) {
        text += " and";
      }
      GenerateOptions options = varied(seed, 12 + 8 * static_cast<std::uint32_t>(seed % 3));
      options.speculate = seed % 2 == 0 ? 0 : 3;
      expect_as_alone(tokens_of(text), options);
    });
  }
  for (std::thread& asker : askers) {
    asker.join();
  }
  EXPECT_EQ(generator_.load().waiting, 0u);
}

TEST_F(BatchGeneratorTest, WhatAConversationHasInCommonIsComputedOnce) {
  const std::vector<Token> first = tokens_of("Once upon a time there was a king");
  const Generated begun = ask(first, varied(3));
  EXPECT_EQ(begun.reused_tokens, 0u);
  std::vector<Token> second = first;
  second.insert(second.end(), begun.tokens.begin(), begun.tokens.end());
  const std::size_t common = second.size() - 1;  // the last token of an answer is not run
  const std::vector<Token> more = tokens_of(" and then");
  second.insert(second.end(), more.begin(), more.end());
  ask(tokens_of("Something else in between"), varied(4));
  const Generated gone_on = ask(second, varied(5));
  EXPECT_EQ(gone_on.reused_tokens, common);
  EXPECT_EQ(gone_on.tokens, alone(second, varied(5)).tokens);
  EXPECT_EQ(gone_on.log_probabilities, alone(second, varied(5)).log_probabilities);
  // The same again: all but the last token, whose logits are needed.
  EXPECT_EQ(ask(second, varied(6)).reused_tokens, second.size() - 1);
}

TEST_F(BatchGeneratorTest, TextAndTokensComeOutAsProgress) {
  std::string text;
  std::vector<Token> tokens;
  std::optional<Certainty> first;
  GenerateOptions options = varied(7);
  options.alternatives = 2;
  const Generated whole = ask(tokens_of("Once"), options, [&](const Progress& progress) {
    text += progress.text;
    for (const Chosen& chosen : progress.tokens) {
      tokens.push_back(chosen.token.token);
      EXPECT_EQ(chosen.likeliest.size(), 2u);
      EXPECT_GE(chosen.likeliest[0].log_probability, chosen.token.log_probability);
    }
    first = progress.first ? progress.first : first;
    return true;
  });
  EXPECT_EQ(text, whole.text);
  EXPECT_EQ(tokens, whole.tokens);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->entropy, whole.first.entropy);
}

TEST_F(BatchGeneratorTest, OneThatIsSlowToReadHoldsUpNobody) {
  std::atomic<bool> let_go = false;
  std::atomic<bool> stuck = false;
  std::thread slow([&] {
    const Generated whole = ask(tokens_of("Once"), varied(8), [&](const Progress&) {
      stuck = true;
      while (!let_go) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      return true;
    });
    EXPECT_EQ(whole.tokens.size(), 24u);
  });
  ASSERT_TRUE(test::eventually([&] { return stuck.load(); }));
  expect_as_alone(tokens_of("Twice"), varied(9));
  let_go = true;
  slow.join();
}

class OneLane : public BatchGeneratorTest {
 protected:
  OneLane() : BatchGeneratorTest(1) {}
};

TEST_F(OneLane, WhatWasReadWithOtherWeightsIsReadAgain) {
  const std::vector<Token> prompt = tokens_of("Once upon a time there was a king who had a son");
  std::vector<float> weights(prompt.size(), 1.0f);
  const auto stressed = [&](std::uint32_t first_layer) {
    return generator_.generate({.tokens = prompt, .emphasis = {weights, first_layer}}, varied(7),
                               {});
  };
  EXPECT_EQ(ask(prompt, varied(7)).reused_tokens, 0u);
  weights[6] = 3.0f;
  const Generated first = stressed(0);
  EXPECT_EQ(first.reused_tokens, 6u);  // up to the token that weighs something else now
  EXPECT_NE(first.log_probabilities, alone(prompt, varied(7)).log_probabilities);
  const TinyModel& tiny = TinyModel::get();
  const auto session = tiny.session();
  const Generated same =
      generate(tiny.model(), tiny.tokenizer(), *session, prompt, varied(7), {}, {weights});
  EXPECT_EQ(first.log_probabilities, same.log_probabilities);
  EXPECT_EQ(stressed(0).reused_tokens, prompt.size() - 1);
  EXPECT_EQ(stressed(1).reused_tokens, 6u);
  EXPECT_EQ(ask(prompt, varied(7)).reused_tokens, 6u);
  EXPECT_EQ(ask(prompt, varied(7)).log_probabilities, alone(prompt, varied(7)).log_probabilities);
  weights.pop_back();
  EXPECT_EQ(code_of([&] { stressed(0); }), Code::bad_argument);
}

TEST_F(OneLane, WaitersHaveTheirTurnAndCanLeaveTheQueue) {
  const std::vector<Token> prompt = tokens_of("Once");
  std::vector<std::vector<Token>> answers(12);
  std::vector<std::thread> patient;
  for (std::size_t seed = 0; seed < answers.size(); ++seed) {
    patient.emplace_back([&, seed] { answers[seed] = ask(prompt, varied(seed, 240)).tokens; });
  }
  EXPECT_TRUE(test::eventually([&] { return generator_.load().waiting >= 4; }));
  const Generated left = ask(prompt, varied(99), [](const Progress&) { return false; });
  EXPECT_EQ(left.finish, Finish::cancelled);
  EXPECT_TRUE(left.tokens.empty());
  for (std::thread& asker : patient) {
    asker.join();
  }
  for (std::size_t seed = 0; seed < answers.size(); ++seed) {
    EXPECT_EQ(answers[seed], alone(prompt, varied(seed, 240)).tokens);
  }
}

TEST_F(BatchGeneratorTest, RefusalsHarmNobody) {
  const auto refused = [&](std::span<const Token> prompt, const GenerateOptions& options) {
    return code_of([&] { ask(prompt, options); });
  };
  EXPECT_EQ(refused({}, varied(1)), Code::bad_argument);
  EXPECT_EQ(refused(std::vector<Token>{-1}, varied(1)), Code::bad_argument);
  EXPECT_EQ(refused(std::vector<Token>{1'000'000}, varied(1)), Code::bad_argument);
  EXPECT_EQ(refused(std::vector<Token>(257, 300), varied(1)), Code::context_full);
  EXPECT_EQ(refused(tokens_of("Once"), {.stop = {""}}), Code::bad_argument);
  EXPECT_THROW(ask(tokens_of("Once"), varied(1),
                   [](const Progress&) -> bool { throw std::runtime_error("mine"); }),
               std::runtime_error);
  expect_as_alone(tokens_of("Once upon a time"), varied(1));
}

TEST(BatchGeneratorOptions, AreChecked) {
  const TinyModel& tiny = TinyModel::get();
  const auto refused = [&](const BatchOptions& options) {
    return code_of([&] { BatchGenerator(tiny.model(), tiny.tokenizer(), options); });
  };
  EXPECT_EQ(refused({.sequences = 0, .context = 8}), Code::bad_argument);
  EXPECT_EQ(refused({.sequences = 49, .context = 8}), Code::bad_argument);
  EXPECT_EQ(refused({.sequences = 1, .context = 100000}), Code::bad_argument);
}

TEST(BatchGeneratorEnd, CancelsWhatIsUnderWay) {
  const TinyModel& tiny = TinyModel::get();
  BatchOptions options{.sequences = 1, .context = 256};
  options.pot.rule = "streaming";  // answers have no end of their own
  auto generator = std::make_unique<BatchGenerator>(tiny.model(), tiny.tokenizer(), options);
  std::vector<std::thread> askers;
  for (int i = 0; i < 2; ++i) {
    askers.emplace_back([&generator = *generator] {
      const std::vector<Token> prompt = tokens_of("Once");
      const Generated cut = generator.generate({.tokens = prompt}, varied(1, 1u << 30), {});
      EXPECT_EQ(cut.finish, Finish::cancelled);
    });
  }
  ASSERT_TRUE(test::eventually([&] {
    const BatchGenerator::Load load = generator->load();
    return load.running + load.waiting == 2;
  }));
  generator.reset();
  for (std::thread& asker : askers) {
    asker.join();
  }
}

}  // namespace
}  // namespace crayon::generation
