#include "runtime/eval/perplexity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "runtime/model/likelihood.h"

namespace crayon::eval {
namespace {

using model::Token;

/// Runs windows and sums up.
class Measurement {
 public:
  Measurement(const model::Model& model, model::Session& session)
      : model_(model),
        session_(session),
        chunk_(chunk_size(model.config().vocab_size)),
        logits_(chunk_ * model.config().vocab_size) {}

  void add(const Window& window) {
    const std::size_t inputs = window.inputs();
    const std::size_t vocab = model_.config().vocab_size;
    session_.rewind(0);
    for (std::size_t at = 0; at < inputs; at += chunk_) {
      const std::size_t size = std::min(chunk_, inputs - at);
      const std::span<float> here = std::span(logits_).first(size * vocab);
      model_.forward(session_, std::span(window.positions).subspan(at, size), model::Logits::all,
                     here);
      for (std::size_t t = 0; t < size; ++t) {
        if (window.scored[at + t + 1]) {
          loss_ += model::negative_log_likelihood(here.subspan(t * vocab, vocab),
                                                  window.positions[at + t + 1]);
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
  const Cut cut{window, bos};
  check(sequences, cut, model, session);
  Measurement measurement(model, session);
  each_window(
      sequences, cut, [&](const Window& each) { measurement.add(each); }, progress);
  return measurement.finish();
}

Perplexity tail_perplexity(const model::Model& model, context::Pot& pot,
                           std::span<const Token> tokens, std::size_t tail,
                           const std::function<void(double)>& progress) {
  if (tail == 0 || tail >= tokens.size()) {
    throw Error(Code::bad_argument,
                fmt::format("the last {} of {} tokens are to be predicted", tail, tokens.size()),
                "give a longer text, or a tail of 1 token at least");
  }
  const std::size_t vocab = model.config().vocab_size;
  const std::size_t chunk = chunk_size(vocab);
  std::vector<float> logits(chunk * vocab);
  const std::size_t before = tokens.size() - tail;
  std::size_t read = 0;
  const auto report = [&](std::size_t more) {
    read += more;
    if (progress) {
      progress(static_cast<double>(read) / static_cast<double>(tokens.size()));
    }
  };
  for (std::size_t at = 0; at + 1 < before; at += model::prefill_batch) {
    const std::size_t size = std::min<std::size_t>(model::prefill_batch, before - 1 - at);
    pot.read(tokens.subspan(at, size), {});
    report(size);
  }
  double loss = 0;
  for (std::size_t at = before - 1; at + 1 < tokens.size();) {
    pot.make_room();
    const std::size_t size =
        std::min({chunk, tokens.size() - 1 - at, std::max<std::size_t>(pot.room(), 1)});
    const auto here = std::span(logits).first(size * vocab);
    model.forward(pot.session(), tokens.subspan(at, size), model::Logits::all, here);
    pot.ran(tokens.subspan(at, size));
    for (std::size_t t = 0; t < size; ++t) {
      loss += model::negative_log_likelihood(here.subspan(t * vocab, vocab), tokens[at + t + 1]);
    }
    at += size;
    report(size);
  }
  return {std::exp(loss / static_cast<double>(tail)), tail};
}

}  // namespace crayon::eval
