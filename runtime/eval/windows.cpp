#include "runtime/eval/windows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace crayon::eval {

std::size_t Window::inputs() const {
  std::size_t inputs = positions.size() - 1;  // nothing follows the last that counts
  while (inputs > 0 && !scored[inputs]) {
    --inputs;
  }
  return inputs;
}

void each_window(std::span<const Sequence> sequences, Cut cut,
                 const std::function<void(const Window&)>& visit,
                 const std::function<void(double)>& progress) {
  std::size_t total = 0;
  for (const Sequence& sequence : sequences) {
    total += sequence.tokens.size();
  }
  std::size_t done = 0;
  Window window;
  for (const auto& [tokens, counted] : sequences) {
    for (std::size_t begin = 0; begin < tokens.size();) {
      window.positions.assign(cut.bos >= 0 ? 1 : 0, cut.bos);
      window.scored.assign(window.positions.size(), false);
      const std::size_t end = begin + std::min<std::size_t>(cut.window - window.positions.size(),
                                                            tokens.size() - begin);
      done += end - begin;
      for (; begin < end; ++begin) {
        window.scored.push_back(!window.positions.empty() && (counted.empty() || counted[begin]));
        window.positions.push_back(tokens[begin]);
      }
      visit(window);
      if (progress) {
        progress(static_cast<double>(done) / static_cast<double>(total));
      }
    }
  }
}

void check(std::span<const Sequence> sequences, Cut cut, const model::Model& model,
           const model::Session& session) {
  const auto vocab = static_cast<std::int64_t>(model.config().vocab_size);
  const auto known = [vocab](model::Token token) { return token >= 0 && token < vocab; };
  std::size_t count = 0;
  bool all_known = cut.bos < 0 || known(cut.bos);
  for (const Sequence& sequence : sequences) {
    count += sequence.tokens.size();
    all_known = all_known && std::ranges::all_of(sequence.tokens, known);
  }
  if (count < 2) {
    throw Error(Code::bad_argument, fmt::format("perplexity of a text of {} tokens", count),
                "give a text of at least two tokens");
  }
  if (cut.window < 2 || cut.window > session.context()) {
    throw Error(Code::bad_argument,
                fmt::format("a window of {} positions; this session takes 2 to {}", cut.window,
                            session.context()),
                "choose a window in that range");
  }
  if (!all_known) {
    throw Error(Code::bad_argument, "a token lies outside of the vocabulary",
                "use the tokenizer of this model");
  }
}

std::size_t chunk_size(std::size_t vocab) {
  constexpr std::size_t most_logits = (std::size_t{16} << 20) / sizeof(float);
  return std::clamp<std::size_t>(most_logits / vocab, 1, 64);
}

}  // namespace crayon::eval
