#include "runtime/eval/examiner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "runtime/generation/answer_tokens.h"
#include "runtime/generation/generator.h"
#include "runtime/generation/log_probability.h"
#include "runtime/generation/token_confidence.h"

namespace crayon::eval {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(white);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(white) + 1 - first);
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

void set_log_probabilities(const std::vector<double>& values, Signals& signals) {
  generation::TokenConfidence confidence;
  for (const double value : values) {
    confidence.add(value);
  }
  signals.mean_log_probability = confidence.mean();
  signals.least_log_probability = confidence.least();
  signals.window_log_probability = confidence.least_window().value_or(confidence.mean());
}

/// The share that `best` of these log-probabilities has of all.
double share_of(double best, const std::vector<double>& log_probabilities) {
  double sum = 0;
  for (const double each : log_probabilities) {
    sum += std::exp(each - best);
  }
  return 1 / sum;
}

}  // namespace

bool same_answer(std::string_view left, std::string_view right) {
  return trimmed(left) == trimmed(right);
}

Examiner::Examiner(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                   context::Pot& pot, const adapters::AdapterSet& adapters,
                   std::span<const TaskItem> shots, const ExamOptions& options)
    : model_(model),
      tokenizer_(tokenizer),
      pot_(pot),
      adapters_(adapters),
      options_(options),
      chat_format_(tokenizer.data().chat_format),
      first_(model.config().vocab_size) {
  for (const TaskItem& shot : shots) {
    if (shot.answer.empty()) {
      throw Error(Code::bad_argument,
                  fmt::format("the example \"{}\" has no answer", shot.question),
                  "give each example its \"answer\"");
    }
    turns_.push_back({"user", shot.content()});
    turns_.push_back({"assistant", shot.answer});
  }
  turns_.push_back({"user", {}});
  pot_.clear(
      static_cast<std::uint32_t>(generation::opening_tokens(turns_, chat_format_, tokenizer_)));
  if (!adapters.pool) {  // else every question has a blend of its own
    adapters::Query none(model, {});
    pot.session().attach(adapters.select(none).adapters);
  }
}

Answered Examiner::ask(const TaskItem& item) {
  if (item.answer.empty()) {
    throw Error(Code::bad_argument, fmt::format("the item \"{}\" has no answer", item.question),
                "give each item its \"answer\"");
  }
  turns_.back().content = item.content();
  const std::vector<Token> prompt = generation::render(turns_, chat_format_, tokenizer_);
  if (!pot_.bounded() && prompt.size() > pot_.limit()) {
    throw Error(Code::context_full,
                fmt::format("an item has {} tokens and the context has room for {}", prompt.size(),
                            pot_.limit()),
                "use a larger context, fewer examples, or --distill");
  }
  const std::span<const generation::Turn> question(&turns_.back(), 1);
  adapters::Query query(model_, generation::render(question, chat_format_, tokenizer_));
  adapters::Blend blend;
  if (adapters_.pool) {
    held_.clear();  // what the session holds was computed with other weights
    adapters::Selection selection = adapters_.select(query);
    pot_.session().attach(selection.adapters);
    blend = std::move(selection.blend);
  }
  Answered answered = asks_by_choices(item) ? by_choices(item, prompt) : by_text(prompt);
  held_ = prompt;
  held_.resize(rewind_to(prompt.size()));
  answered.blend = std::move(blend);
  answered.signals.scope = adapters_.closeness(query);
  answered.signals.probe = adapters_.probe(query);
  answered.correct = same_answer(answered.text, item.answer);
  return answered;
}

bool Examiner::asks_by_choices(const TaskItem& item) const {
  if (options_.by == AnswerBy::choices && item.choices.empty()) {
    throw Error(Code::bad_argument, fmt::format("the item \"{}\" has no choices", item.question),
                "ask it for a text");
  }
  return options_.by != AnswerBy::text && !item.choices.empty();
}

/// Keeps of the session what `prompt` begins with, but for its last token. Returns how much.
std::size_t Examiner::rewind_to_common(std::span<const Token> prompt) {
  const std::size_t most = std::min(held_.size(), prompt.size() - 1);
  const auto [end, other] = std::mismatch(
      held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(most), prompt.begin());
  const std::size_t common = rewind_to(static_cast<std::size_t>(end - held_.begin()));
  held_.resize(common);
  return common;
}

/// Goes back to where so many tokens of the text had been read, or to what can be gone back to.
/// Returns how many that are.
std::size_t Examiner::rewind_to(std::size_t tokens) {
  if (tokens > pot_.dropped()) {
    const auto position = static_cast<std::uint32_t>(tokens - pot_.dropped());
    if (const std::uint32_t kept = pot_.kept(position); kept != 0) {
      pot_.rewind(kept);
      return kept + pot_.dropped();
    }
  }
  pot_.rewind(0);
  return 0;
}

/// Log-probability of each token of an answer behind the prompt.
std::vector<double> Examiner::log_probabilities(std::span<const Token> answer,
                                                std::span<const Token> prompt) {
  if (answer.empty()) {
    throw Error(Code::bad_argument, "a choice has no tokens", "leave empty choices out");
  }
  std::vector<double> result{generation::log_probability(first_, answer.front())};
  const std::size_t more = answer.size() - 1;
  if (more == 0) {
    return result;
  }
  const std::size_t vocab = model_.config().vocab_size;
  rest_.resize(more * vocab);
  const std::size_t kept = rewind_to(prompt.size());
  if (kept < prompt.size()) {
    pot_.read(prompt.subspan(kept), {});
  }
  pot_.make_room(static_cast<std::uint32_t>(more));
  model_.forward(pot_.session(), answer.first(more), model::Logits::all, rest_);
  for (std::size_t t = 0; t < more; ++t) {
    const std::span<const float> row = std::span(rest_).subspan(t * vocab, vocab);
    result.push_back(generation::log_probability(row, answer[t + 1]));
  }
  return result;
}

Answered Examiner::by_choices(const TaskItem& item, std::span<const Token> prompt) {
  const std::size_t common = rewind_to_common(prompt);
  pot_.read(prompt.subspan(common), first_);

  std::vector<double> sums;  // [choices]
  std::vector<double> best;  // of the best choice's tokens
  std::size_t best_choice = 0;
  for (std::size_t i = 0; i < item.choices.size(); ++i) {
    const std::vector<Token> tokens =
        generation::answer_tokens(prompt, turns_, item.choices[i], chat_format_, tokenizer_);
    std::vector<double> each = log_probabilities(tokens, prompt);
    sums.push_back(sum_of(each));
    if (i == 0 || sums[i] > sums[best_choice]) {
      best_choice = i;
      best = std::move(each);
    }
  }

  Answered answered;
  answered.text = trimmed(item.choices[best_choice]);
  const generation::Certainty certainty = generation::certainty(first_);
  answered.signals.first_entropy = certainty.entropy;
  answered.signals.first_margin = certainty.margin;
  answered.signals.option = share_of(sums[best_choice], sums);
  set_log_probabilities(best, answered.signals);
  return answered;
}

Answered Examiner::by_text(std::span<const Token> prompt) {
  generation::GenerateOptions options;
  options.max_tokens = options_.max_tokens;
  options.stop = chat_format_.stops;
  options.stop.emplace_back("\n");
  const std::size_t common = rewind_to_common(prompt);
  const generation::Generated generated =
      generation::generate(model_, tokenizer_, pot_, prompt.subspan(common), options, {});

  Answered answered;
  answered.text = trimmed(generated.text);
  answered.signals.first_entropy = generated.first.entropy;
  answered.signals.first_margin = generated.first.margin;
  set_log_probabilities(generated.log_probabilities, answered.signals);
  return answered;
}

}  // namespace crayon::eval
