// The examiner against the plainest way of doing the same: a new session for every answer, all of
// prompt and answer in one step.

#include "runtime/eval/examiner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "formats/importers/importers.h"
#include "formats/packer.h"
#include "runtime/generation/answer_tokens.h"
#include "runtime/generation/generator.h"
#include "tests/runtime/generation/tiny_model.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::eval {
namespace {

using formats::Token;

// Not all of one length, with a common beginning here and there.
const std::vector<TaskItem> items = {
    {"a", "The pump is on.", "Which one is on?", {"the pump", "the fan", "none"}, "the pump", 0},
    {"a", "The pump is on.", "Which one is off?", {"the pump", "the fan"}, "the fan", 1},
    {"b", "", "2 + 2", {"3", "4", "44", "5"}, "4", 1},
    {"a", "The pump is off.", "Is it?", {"yes", "no"}, "yes", 0},
};
const std::vector<TaskItem> shots = {{"a", "", "1 + 1", {}, "2", {}},
                                     {"b", "", "2 + 1", {}, "3", {}}};

double log_softmax(std::span<const float> logits, Token token) {
  double sum = 0;
  for (const float logit : logits) {
    sum += std::exp(static_cast<double>(logit));
  }
  return static_cast<double>(logits[static_cast<std::size_t>(token)]) - std::log(sum);
}

class ExaminerTest : public testing::Test {
 protected:
  /// Log-probabilities of an answer's tokens, its end included.
  std::vector<double> reference(const TaskItem& item, const std::string& answer,
                                std::span<const model::WeightedAdapter> adapters,
                                std::span<const TaskItem> examples) const {
    const std::vector<generation::Turn> turns = conversation(item, examples);
    const std::vector<Token> prompt = generation::render(turns, format_, tokenizer_);
    const std::vector<Token> tail =
        generation::answer_tokens(prompt, turns, answer, format_, tokenizer_);
    std::vector<Token> all = prompt;
    all.insert(all.end(), tail.begin(), tail.end());
    model::Session session(model_, 256, model_.default_kv());
    session.attach(adapters);
    const std::size_t vocab = model_.config().vocab_size;
    std::vector<float> logits(all.size() * vocab);
    model_.forward(session, all, model::Logits::all, logits);
    std::vector<double> result;
    for (std::size_t t = prompt.size(); t < all.size(); ++t) {
      result.push_back(log_softmax(std::span(logits).subspan((t - 1) * vocab, vocab), all[t]));
    }
    return result;
  }

  std::vector<generation::Turn> conversation(const TaskItem& item,
                                             std::span<const TaskItem> examples) const {
    std::vector<generation::Turn> turns;
    for (const TaskItem& example : examples) {
      turns.push_back({"user", example.content()});
      turns.push_back({"assistant", example.answer});
    }
    turns.push_back({"user", item.content()});
    return turns;
  }

  void expect_reference(const TaskItem& item, const Answered& answered,
                        std::span<const model::WeightedAdapter> adapters,
                        std::span<const TaskItem> examples) const {
    std::vector<std::vector<double>> all;
    std::vector<double> sums;
    for (const std::string& choice : item.choices) {
      all.push_back(reference(item, choice, adapters, examples));
      sums.push_back(std::accumulate(all.back().begin(), all.back().end(), 0.0));
    }
    const auto best = static_cast<std::size_t>(std::ranges::max_element(sums) - sums.begin());
    EXPECT_EQ(answered.text, item.choices[best]) << item.question;
    EXPECT_EQ(answered.correct, best == item.answer_index) << item.question;
    double total = 0;
    for (const double sum : sums) {
      total += std::exp(sum - sums[best]);
    }
    EXPECT_NEAR(answered.signals.option.value(), 1 / total, 1e-4);
    EXPECT_NEAR(answered.signals.mean_log_probability,
                sums[best] / static_cast<double>(all[best].size()), 1e-4);
    EXPECT_NEAR(answered.signals.least_log_probability, *std::ranges::min_element(all[best]), 1e-4);
  }

  const test::TinyModel& tiny_ = test::TinyModel::get();
  const model::Model& model_ = tiny_.model();
  const tokenizer::Tokenizer& tokenizer_ = tiny_.tokenizer();
  const formats::ChatFormat format_ = tiny_.tokenizer_data().chat_format;
  const adapters::AdapterSet none_;
};

TEST_F(ExaminerTest, TheLikeliestChoiceIsThatOfPlainScoring) {
  const auto session = tiny_.session();
  context::Pot pot(model_, *session, {});
  for (const std::span<const TaskItem> examples : {std::span<const TaskItem>(), std::span(shots)}) {
    Examiner examiner(model_, tokenizer_, pot, none_, examples, {});
    for (const TaskItem& item : items) {
      expect_reference(item, examiner.ask(item), {}, examples);
    }
  }
}

TEST_F(ExaminerTest, WhatWasAskedBeforeDoesNotMatter) {
  const auto session = tiny_.session();
  context::Pot pot(model_, *session, {});
  Examiner examiner(model_, tokenizer_, pot, none_, {}, {});
  for (const TaskItem& item : items) {
    const Answered after = examiner.ask(item);
    const auto fresh_session = tiny_.session();
    context::Pot fresh_pot(model_, *fresh_session, {});
    Examiner fresh(model_, tokenizer_, fresh_pot, none_, {}, {});
    const Answered alone = fresh.ask(item);
    EXPECT_EQ(after.text, alone.text);
    EXPECT_EQ(after.signals.option, alone.signals.option);  // to the bit
    EXPECT_EQ(after.signals.first_entropy, alone.signals.first_entropy);
    EXPECT_EQ(after.signals.mean_log_probability, alone.signals.mean_log_probability);
  }
}

TEST_F(ExaminerTest, ATextIsWhatTheModelSaysUpToALineBreak) {
  const auto session = tiny_.session();
  context::Pot pot(model_, *session, {});
  Examiner examiner(model_, tokenizer_, pot, none_, shots,
                    {.by = AnswerBy::text, .max_tokens = 20});
  for (TaskItem item : items) {
    const Answered answered = examiner.ask(item);
    const auto fresh = tiny_.session();
    generation::GenerateOptions options{.max_tokens = 20, .stop = {"\n"}};
    const auto prompt = generation::render(conversation(item, shots), format_, tokenizer_);
    const auto said = generation::generate(model_, tokenizer_, *fresh, prompt, options, {});
    EXPECT_TRUE(same_answer(answered.text, said.text)) << answered.text;
    EXPECT_FALSE(answered.signals.option);
    EXPECT_NEAR(std::exp(answered.signals.mean_log_probability), said.confidence(), 1e-12);
    EXPECT_EQ(answered.signals.first_margin, said.first.margin);
    EXPECT_FALSE(answered.correct);

    item.answer = "  " + answered.text + "\n";
    EXPECT_TRUE(examiner.ask(item).correct);
  }
}

TEST_F(ExaminerTest, RefusesWhatCannotBeAsked) {
  const auto session = tiny_.session();
  context::Pot pot(model_, *session, {});
  const auto ask = [&](const TaskItem& item, const ExamOptions& options) {
    Examiner examiner(model_, tokenizer_, pot, none_, {}, options);
    return test::code_of([&] { examiner.ask(item); });
  };
  const TaskItem free{"a", "", "2 + 2", {}, "4", {}};
  EXPECT_EQ(ask({"a", "", "2 + 2", {"4"}, "", {}}, {}), Code::bad_argument);
  EXPECT_EQ(ask(free, {.by = AnswerBy::choices}), Code::bad_argument);
  EXPECT_EQ(ask({"a", std::string(300, 'x'), "2 + 2", {}, "4", {}}, {}), Code::context_full);
  const std::vector<TaskItem> unanswered = {{"a", "", "2 + 2", {}, "", {}}};
  EXPECT_EQ(test::code_of([&] { Examiner(model_, tokenizer_, pot, none_, unanswered, {}); }),
            Code::bad_argument);
}

/// A pool of three on the tiny model.
class PooledExaminer : public ExaminerTest {
 protected:
  PooledExaminer() {
    formats::pack_model(importers::random_model("tiny", 1), {}, folder_ / "tiny.crayon", {});
    const auto bundle = formats::Bundle::open(folder_ / "tiny.crayon");
    adapters::Pool pool;
    for (std::uint64_t n = 0; n < 3; ++n) {
      pool.adapters.push_back(test::random_adapter(model_.config(), 3, 0.5f, n));
      const std::vector<float> indicator =
          model_.query_embedding(test::random_tokens(9, model_.config().vocab_size, n));
      pool.indicators.insert(pool.indicators.end(), indicator.begin(), indicator.end());
    }
    pool.tau = 0.05f;
    set_.pool.emplace(pool, bundle);
    set_.scopes.push_back({{}, model_.query_embedding(test::random_tokens(9, 200, 5))});
  }

  const test::TempDir folder_;
  adapters::AdapterSet set_;
};

TEST_F(PooledExaminer, EveryQuestionHasItsBlend) {
  const auto session = tiny_.session();
  context::Pot pot(model_, *session, {});
  Examiner examiner(model_, tokenizer_, pot, set_, shots, {});
  for (const TaskItem& item : items) {
    const Answered answered = examiner.ask(item);
    const generation::Turn turn{"user", item.content()};
    adapters::Query query(model_, generation::render({&turn, 1}, format_, tokenizer_));
    const adapters::Selection selection = set_.select(query);
    EXPECT_EQ(answered.blend.weights, selection.blend.weights);
    EXPECT_EQ(answered.signals.scope, set_.closeness(query));
    expect_reference(item, answered, selection.adapters, shots);
  }
}

}  // namespace
}  // namespace crayon::eval
