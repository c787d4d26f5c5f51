#include "runtime/eval/perplexity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace crayon::eval {
namespace {

using model::Token;

/// -log softmax(logits)[target], in double.
double negative_log_likelihood(std::span<const float> logits, Token target) {
  const double best = static_cast<double>(*std::ranges::max_element(logits));
  double sum = 0;
  for (const float logit : logits) {
    sum += std::exp(static_cast<double>(logit) - best);
  }
  return best + std::log(sum) - static_cast<double>(logits[static_cast<std::size_t>(target)]);
}

/// Positions whose logits are computed at once: a step of the forward pass, or fewer where the
/// vocabulary is so large that their logits would take more than 16 MiB.
std::size_t chunk_size(std::size_t vocab) {
  constexpr std::size_t most_logits = (std::size_t{16} << 20) / sizeof(float);
  return std::clamp<std::size_t>(most_logits / vocab, 1, 64);
}

void check(std::span<const Token> tokens, std::uint32_t window, Token bos,
           const model::Model& model, const model::Session& session) {
  if (tokens.size() < 2) {
    throw Error(Code::bad_argument, fmt::format("perplexity of a text of {} tokens", tokens.size()),
                "give a text of at least two tokens");
  }
  if (window < 2 || window > session.context()) {
    throw Error(Code::bad_argument,
                fmt::format("a window of {} positions; this session takes 2 to {}", window,
                            session.context()),
                "choose a window in that range");
  }
  const auto vocab = static_cast<std::int64_t>(model.config().vocab_size);
  const auto known = [vocab](Token token) { return token >= 0 && token < vocab; };
  if (!std::ranges::all_of(tokens, known) || (bos >= 0 && !known(bos))) {
    throw Error(Code::bad_argument, "a token lies outside of the vocabulary",
                "use the tokenizer of this model");
  }
}

}  // namespace

Perplexity perplexity(const model::Model& model, model::Session& session,
                      std::span<const Token> tokens, std::uint32_t window, Token bos,
                      const std::function<void(double)>& progress) {
  check(tokens, window, bos, model, session);
  const std::size_t vocab = model.config().vocab_size;
  const std::size_t chunk = chunk_size(vocab);
  std::vector<float> logits(chunk * vocab);  // [chunk][vocab]
  std::vector<Token> positions;              // of one window: [bos] tokens...
  double loss = 0;
  Perplexity result;

  for (std::size_t begin = 0; begin < tokens.size();) {
    positions.clear();
    if (bos >= 0) {
      positions.push_back(bos);
    }
    const std::size_t count =
        std::min<std::size_t>(window - positions.size(), tokens.size() - begin);
    positions.insert(positions.end(), tokens.begin() + begin, tokens.begin() + begin + count);

    session.rewind(0);
    const std::size_t inputs = positions.size() - 1;  // nothing follows the last
    for (std::size_t at = 0; at < inputs; at += chunk) {
      const std::size_t size = std::min(chunk, inputs - at);
      const std::span<float> here = std::span(logits).first(size * vocab);
      model.forward(session, std::span(positions).subspan(at, size), model::Logits::all, here);
      for (std::size_t t = 0; t < size; ++t) {
        loss += negative_log_likelihood(here.subspan(t * vocab, vocab), positions[at + t + 1]);
      }
      if (progress) {
        const std::size_t done = begin + (at + size) * count / inputs;
        progress(static_cast<double>(done) / static_cast<double>(tokens.size()));
      }
    }
    result.tokens += inputs;
    begin += count;
  }
  result.perplexity = std::exp(loss / static_cast<double>(result.tokens));
  return result;
}

}  // namespace crayon::eval
