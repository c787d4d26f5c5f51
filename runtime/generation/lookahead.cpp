#include "runtime/generation/lookahead.h"

#include <algorithm>

namespace crayon::generation {
namespace {

/// Where `pattern`, the end of `text`, stood last before: the index behind it, or 0.
std::size_t behind_last(std::span<const Token> text, std::size_t pattern) {
  if (text.size() <= pattern) {
    return 0;
  }
  const std::span<const Token> before = text.first(text.size() - 1);
  const std::span<const Token> end = text.last(pattern);
  const auto found = std::find_end(before.begin(), before.end(), end.begin(), end.end());
  return found == before.end() ? 0 : static_cast<std::size_t>(found - before.begin()) + pattern;
}

}  // namespace

std::span<const Token> look_up(std::span<const Token> text, std::size_t most) {
  for (const std::size_t pattern : {3u, 2u}) {
    if (const std::size_t behind = behind_last(text, pattern); behind != 0) {
      return text.subspan(behind, std::min(most, text.size() - behind));
    }
  }
  return {};
}

Lookahead::Lookahead(const model::Model& model, context::Pot& pot, std::uint32_t most)
    : model_(model), pot_(pot), session_(pot.session()), most_(std::min(most, most_guesses)) {
  batch_.reserve(1 + most_);
}

std::span<const float> Lookahead::advance(std::span<const Token> text, std::size_t worth) {
  if (chosen_ < batch_.size() && batch_[chosen_] == text.back()) {
    ++guesses_.right;
  } else {
    settle();
    run_batch(text, worth);
    chosen_ = 0;
  }
  return row(chosen_++);
}

void Lookahead::run_batch(std::span<const Token> text, std::size_t worth) {
  const std::size_t room = pot_.room();
  const std::span<const Token> guesses =
      look_up(text, std::min({most_, worth, room > 0 ? room - 1 : 0}));
  batch_.assign(1, text.back());
  batch_.insert(batch_.end(), guesses.begin(), guesses.end());
  logits_.resize(batch_.size() * model_.config().vocab_size);
  model_.forward(session_, batch_, model::Logits::all, logits_);
  guesses_.made += guesses.size();
  ++guesses_.steps;
}

std::uint32_t Lookahead::position() const {
  return session_.position() - static_cast<std::uint32_t>(batch_.size() - chosen_);
}

bool Lookahead::has_room() const {
  return pot_.bounded() || position() < session_.context();
}

void Lookahead::expect(float surprise) {
  if (position() >= pot_.limit()) {
    settle();
    pot_.make_room();
  }
  pot_.set_surprise(position(), surprise);
}

void Lookahead::settle() {
  if (chosen_ < batch_.size()) {
    session_.rewind(position());
  }
  batch_.clear();
  chosen_ = 0;
}

std::span<const float> Lookahead::row(std::size_t index) const {
  const std::size_t vocab = model_.config().vocab_size;
  return std::span(logits_).subspan(index * vocab, vocab);
}

}  // namespace crayon::generation
