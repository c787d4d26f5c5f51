#include "runtime/eval/perplexity.h"

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

}  // namespace crayon::eval
