#include "runtime/adapters/rules/answer_loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "runtime/model/likelihood.h"

namespace crayon::adapters {
namespace {

using generation::AnsweredPrompt;

/// Positions that the longest example takes: its last token is predicted and never read.
std::uint32_t longest(std::span<const AnsweredPrompt> examples) {
  std::size_t most = 0;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (examples[i].prompt.empty() || examples[i].answer.empty()) {
      throw Error(Code::bad_argument, fmt::format("example {} has no answer to it", i + 1),
                  "give each example an \"answer\"");
    }
    most = std::max(most, examples[i].prompt.size() + examples[i].answer.size() - 1);
  }
  if (examples.empty()) {
    throw Error(Code::bad_argument, "there are no examples with answers");
  }
  return static_cast<std::uint32_t>(most);
}

std::size_t longest_answer(std::span<const AnsweredPrompt> examples) {
  return std::ranges::max(examples, {}, [](const auto& each) { return each.answer.size(); })
      .answer.size();
}

}  // namespace

AnswerLoss::AnswerLoss(const model::Model& model, std::vector<AnsweredPrompt> examples)
    : model_(model),
      examples_(std::move(examples)),
      session_(model, longest(examples_), model.default_kv()),
      logits_(longest_answer(examples_) * model.config().vocab_size) {}

double AnswerLoss::operator()(std::span<const model::WeightedAdapter> adapters) {
  session_.attach(adapters);
  double loss = 0;
  std::size_t tokens = 0;
  for (const AnsweredPrompt& example : examples_) {
    loss += loss_of(example);
    tokens += example.answer.size();
  }
  return loss / static_cast<double>(tokens);
}

double AnswerLoss::loss_of(const AnsweredPrompt& example) {
  const std::size_t vocab = model_.config().vocab_size;
  const std::span<const model::Token> prompt = example.prompt;
  session_.rewind(0);
  if (prompt.size() > 1) {
    model_.forward(session_, prompt.first(prompt.size() - 1), model::Logits::none, {});
  }
  step_.assign(1, prompt.back());
  step_.insert(step_.end(), example.answer.begin(), example.answer.end() - 1);
  const std::span<float> logits = std::span(logits_).first(step_.size() * vocab);
  model_.forward(session_, step_, model::Logits::all, logits);
  double loss = 0;
  for (std::size_t t = 0; t < example.answer.size(); ++t) {
    loss += model::negative_log_likelihood(logits.subspan(t * vocab, vocab), example.answer[t]);
  }
  return loss;
}

}  // namespace crayon::adapters
