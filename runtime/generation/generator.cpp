#include "runtime/generation/generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/process.h"
#include "runtime/generation/stop_filter.h"

namespace crayon::generation {
namespace {

/// One generation, from the prompt to the finish.
class Generation {
 public:
  Generation(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
             model::Session& session, const GenerateOptions& options, const OnText& on_text)
      : model_(model),
        tokenizer_(tokenizer),
        session_(session),
        options_(options),
        on_text_(on_text),
        sampler_(options.sampler),
        decoder_(tokenizer),
        stops_(options.stop),
        lookahead_(model, session, options.speculate),
        prompt_logits_(model.config().vocab_size) {}

  Generated run(std::span<const Token> prompt) {
    check_fits(prompt);
    result_.prompt_tokens = static_cast<std::uint32_t>(prompt.size());
    history_.assign(prompt.begin(), prompt.end());

    const double begin = monotonic_seconds();
    const bool go_on = prefill(prompt);
    const double middle = monotonic_seconds();
    result_.finish = go_on ? decode() : Finish::cancelled;
    lookahead_.settle();
    result_.guesses = lookahead_.guesses();
    result_.prefill_seconds = middle - begin;
    result_.decode_seconds = monotonic_seconds() - middle;
    return std::move(result_);
  }

 private:
  void check_fits(std::span<const Token> prompt) const {
    if (prompt.empty()) {
      throw Error(Code::bad_argument, "the prompt is empty", "give it a token at least");
    }
    const std::size_t room = session_.context() - session_.position();
    if (prompt.size() > room) {
      throw Error(Code::context_full,
                  fmt::format("the prompt has {} tokens and the context has room for {}",
                              prompt.size(), room),
                  "shorten the prompt or use a longer context");
    }
  }

  bool prefill(std::span<const Token> prompt) {
    // A chance to cancel between two batches: a fraction of a second on a slow board.
    while (prompt.size() > model::prefill_batch) {
      model_.forward(session_, prompt.first(model::prefill_batch), model::Logits::none, {});
      prompt = prompt.subspan(model::prefill_batch);
      if (!show({})) {
        return false;
      }
    }
    model_.forward(session_, prompt, model::Logits::last, prompt_logits_);
    logits_ = prompt_logits_;
    result_.first = certainty(logits_);
    return true;
  }

  Finish decode() {
    while (result_.tokens.size() < options_.max_tokens) {
      const Token token = sampler_.next(logits_, history_);
      if (!options_.ignore_end && tokenizer_.ends_generation(token)) {
        return end(Finish::stop);
      }
      accept(token);
      const bool go_on = show(stops_.push(decoder_.push(token)));
      if (stops_.stopped()) {
        return Finish::stop;
      }
      if (!go_on) {
        return Finish::cancelled;
      }
      if (result_.tokens.size() == options_.max_tokens ||
          lookahead_.position() == session_.context()) {
        break;
      }
      logits_ = lookahead_.advance(history_, options_.max_tokens - result_.tokens.size() - 1);
    }
    return end(Finish::length);
  }

  void accept(Token token) {
    result_.tokens.push_back(token);
    result_.log_probabilities.push_back(log_probability(logits_, token));
    history_.push_back(token);
  }

  /// Shows what was held back. It is too late to cancel.
  Finish end(Finish finish) {
    std::string rest = stops_.push(decoder_.finish());
    rest += stops_.finish();
    show(rest);
    return finish;
  }

  bool show(std::string_view text) {
    result_.text += text;
    return !on_text_ || on_text_(text);
  }

  const model::Model& model_;
  const tokenizer::Tokenizer& tokenizer_;
  model::Session& session_;
  const GenerateOptions& options_;
  const OnText& on_text_;
  Sampler sampler_;
  tokenizer::StreamDecoder decoder_;
  StopFilter stops_;
  Lookahead lookahead_;
  std::vector<float> prompt_logits_;  // [vocab], behind the prompt
  std::span<const float> logits_;     // [vocab], behind the history
  std::vector<Token> history_;        // prompt and answer
  Generated result_;
};

}  // namespace

double Generated::confidence() const {
  if (log_probabilities.empty()) {
    return 0.0;
  }
  const double sum = std::accumulate(log_probabilities.begin(), log_probabilities.end(), 0.0);
  return std::exp(sum / static_cast<double>(log_probabilities.size()));
}

Generated generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                   model::Session& session, std::span<const Token> prompt,
                   const GenerateOptions& options, const OnText& on_text) {
  return Generation(model, tokenizer, session, options, on_text).run(prompt);
}

}  // namespace crayon::generation
