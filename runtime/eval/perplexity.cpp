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

void check(std::span<const Sequence> sequences, std::uint32_t window, Token bos,
           const model::Model& model, const model::Session& session) {
  const auto vocab = static_cast<std::int64_t>(model.config().vocab_size);
  const auto known = [vocab](Token token) { return token >= 0 && token < vocab; };
  std::size_t count = 0;
  bool all_known = bos < 0 || known(bos);
  for (const Sequence& sequence : sequences) {
    count += sequence.tokens.size();
    all_known = all_known && std::ranges::all_of(sequence.tokens, known);
  }
  if (count < 2) {
    throw Error(Code::bad_argument, fmt::format("perplexity of a text of {} tokens", count),
                "give a text of at least two tokens");
  }
  if (window < 2 || window > session.context()) {
    throw Error(Code::bad_argument,
                fmt::format("a window of {} positions; this session takes 2 to {}", window,
                            session.context()),
                "choose a window in that range");
  }
  if (!all_known) {
    throw Error(Code::bad_argument, "a token lies outside of the vocabulary",
                "use the tokenizer of this model");
  }
}

/// Runs windows and sums up.
class Measurement {
 public:
  Measurement(const model::Model& model, model::Session& session)
      : model_(model),
        session_(session),
        chunk_(chunk_size(model.config().vocab_size)),
        logits_(chunk_ * model.config().vocab_size) {}

  /// `scored[i]`: token i of `positions` counts; the first is never predicted.
  void add_window(std::span<const Token> positions, const std::vector<bool>& scored) {
    std::size_t inputs = positions.size() - 1;  // nothing follows the last that counts
    while (inputs > 0 && !scored[inputs]) {
      --inputs;
    }
    const std::size_t vocab = model_.config().vocab_size;
    session_.rewind(0);
    for (std::size_t at = 0; at < inputs; at += chunk_) {
      const std::size_t size = std::min(chunk_, inputs - at);
      const std::span<float> here = std::span(logits_).first(size * vocab);
      model_.forward(session_, positions.subspan(at, size), model::Logits::all, here);
      for (std::size_t t = 0; t < size; ++t) {
        if (scored[at + t + 1]) {
          loss_ += negative_log_likelihood(here.subspan(t * vocab, vocab), positions[at + t + 1]);
          ++count_;
        }
      }
    }
  }

  Perplexity finish() const {
    if (count_ == 0) {
      throw Error(Code::bad_argument, "no token of the text is predicted and counts",
                  "check what is to be scored, and that something is in front of it");
    }
    return {std::exp(loss_ / static_cast<double>(count_)), count_};
  }

 private:
  const model::Model& model_;
  model::Session& session_;
  std::size_t chunk_;
  std::vector<float> logits_;  // [chunk][vocab]
  double loss_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace

Perplexity perplexity(const model::Model& model, model::Session& session,
                      std::span<const Sequence> sequences, std::uint32_t window, Token bos,
                      const std::function<void(double)>& progress) {
  check(sequences, window, bos, model, session);
  Measurement measurement(model, session);
  std::size_t total = 0;
  for (const Sequence& sequence : sequences) {
    total += sequence.tokens.size();
  }
  std::size_t done = 0;
  std::vector<Token> positions;  // of one window: [bos] tokens...
  std::vector<bool> scored;
  for (const auto& [tokens, counted] : sequences) {
    for (std::size_t begin = 0; begin < tokens.size();) {
      positions.assign(bos >= 0 ? 1 : 0, bos);
      scored.assign(positions.size(), false);
      const std::size_t end =
          begin + std::min<std::size_t>(window - positions.size(), tokens.size() - begin);
      done += end - begin;
      for (; begin < end; ++begin) {
        positions.push_back(tokens[begin]);
        scored.push_back(counted.empty() || counted[begin]);
      }
      measurement.add_window(positions, scored);
      if (progress) {
        progress(static_cast<double>(done) / static_cast<double>(total));
      }
    }
  }
  return measurement.finish();
}

}  // namespace crayon::eval
