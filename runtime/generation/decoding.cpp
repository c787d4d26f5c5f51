#include "runtime/generation/decoding.h"

#include <utility>

#include "base/error.h"

namespace crayon::generation {

Decoding::Decoding(const tokenizer::Tokenizer& tokenizer, std::span<const Token> prompt,
                   const GenerateOptions& options, const OnProgress& on_progress)
    : tokenizer_(tokenizer),
      options_(options),
      on_progress_(on_progress),
      sampler_(options.sampler),
      decoder_(tokenizer),
      stops_(options.stop),
      text_(prompt.begin(), prompt.end()) {
  if (prompt.empty()) {
    throw Error(Code::bad_argument, "the prompt is empty", "give it a token at least");
  }
  if (options.json) {
    json_.emplace(tokenizer);
  }
  result_.prompt_tokens = static_cast<std::uint32_t>(prompt.size());
}

bool Decoding::poll() {
  if (show({})) {
    return true;
  }
  result_.finish = Finish::cancelled;
  return false;
}

bool Decoding::step(std::span<const float> logits, bool room) {
  if (!std::exchange(started_, true)) {
    result_.first = certainty(logits);
    if (!poll()) {
      return false;
    }
  }
  if (worth() == 0) {
    return end(Finish::length);
  }
  const Token token = choose(logits);
  if (!options_.ignore_end && tokenizer_.ends_generation(token)) {
    return end(Finish::stop);
  }
  accept(token, logits);
  const bool go_on = show(stops_.push(decoder_.push(token)));
  if (stops_.stopped()) {
    result_.finish = Finish::stop;
    return false;
  }
  if (json_ && json_->complete()) {
    return end(Finish::stop);
  }
  if (!go_on) {
    result_.finish = Finish::cancelled;
    return false;
  }
  return (worth() > 0 && room) || end(Finish::length);
}

float Decoding::surprise() const {
  return static_cast<float>(-result_.log_probabilities.back());
}

Token Decoding::choose(std::span<const float> logits) {
  if (!json_) {
    return sampler_.next(logits, text_);
  }
  const Token token =
      sampler_.next(logits, text_, [this](Token candidate) { return json_->allows(candidate); });
  json_->push(token);
  return token;
}

void Decoding::accept(Token token, std::span<const float> logits) {
  Chosen chosen{.token = {token, log_probability(logits, token)}, .likeliest = {}};
  if (options_.alternatives > 0) {
    chosen.likeliest = likeliest(logits, options_.alternatives);
    result_.likeliest.push_back(chosen.likeliest);
  }
  text_.push_back(token);
  result_.tokens.push_back(token);
  result_.log_probabilities.push_back(chosen.token.log_probability);
  unseen_.push_back(std::move(chosen));
}

/// Shows what was held back. It is too late to cancel.
bool Decoding::end(Finish finish) {
  std::string rest = stops_.push(decoder_.finish());
  rest += stops_.finish();
  show(rest);
  result_.finish = finish;
  return false;
}

bool Decoding::show(std::string_view text) {
  result_.text += text;
  const std::vector<Chosen> seen = std::exchange(unseen_, {});
  Progress progress{.text = text, .tokens = seen, .first = {}};
  if (started_) {
    progress.first = result_.first;
  }
  return !on_progress_ || on_progress_(progress);
}

}  // namespace crayon::generation
