#include "runtime/bench/sustained.h"

#include <algorithm>
#include <vector>

#include "base/process.h"

namespace crayon::bench {
namespace {

/// Tokens that go through one session again and again, some at a time.
class Stream {
 public:
  Stream(const model::Model& model, model::Session& session, std::uint32_t length,
         std::uint32_t a_step)
      : model_(model),
        session_(session),
        tokens_(random_tokens(length, model.config().vocab_size)),
        a_step_(a_step),
        logits_(model.config().vocab_size) {
    session.rewind(0);
  }

  bool is_empty() const { return tokens_.empty(); }
  const Work& done() const { return done_; }

  /// The next tokens, with the search for the best one behind them.
  Work step() {
    const std::size_t at = session_.position() % tokens_.size();
    const double started = monotonic_seconds();
    if (at == 0) {
      session_.rewind(0);
    }
    const std::size_t count = std::min<std::size_t>(a_step_, tokens_.size() - at);
    model_.forward(session_, std::span(tokens_).subspan(at, count), model::Logits::last, logits_);
    [[maybe_unused]] const volatile std::size_t best = best_of(logits_);
    const Work work{count, monotonic_seconds() - started};
    done_.tokens += work.tokens;
    done_.seconds += work.seconds;
    return work;
  }

 private:
  const model::Model& model_;
  model::Session& session_;
  std::vector<Token> tokens_;
  std::uint32_t a_step_;
  std::vector<float> logits_;
  Work done_;
};

void add(Work& sum, const Work& work) {
  sum.tokens += work.tokens;
  sum.seconds += work.seconds;
}

}  // namespace

Series run_sustained(const SustainedPlan& plan, const Lane& lane,
                     const std::function<Condition(double seconds)>& condition,
                     const std::function<bool(double seconds)>& goes_on) {
  Stream prefill(*lane.model, *lane.sessions.front(), plan.prompt, model::prefill_batch);
  Stream decode(*lane.model, *lane.sessions.back(), plan.decode, 1);
  const auto is_prefills_turn = [&] {
    const double all = prefill.done().seconds + decode.done().seconds;
    return !prefill.is_empty() &&
           (decode.is_empty() || prefill.done().seconds < plan.prefill_share * all);
  };
  Series series;
  Sample sample;
  const double started = monotonic_seconds();
  double now = 0;
  condition(now);  // what is read as differences begins here
  while (goes_on(now)) {
    if (is_prefills_turn()) {
      add(sample.prefill, prefill.step());
    } else {
      add(sample.decode, decode.step());
    }
    now = monotonic_seconds() - started;
    if (now - sample.begin >= plan.sample_seconds) {
      sample.end = now;
      series.add(sample, condition(now));
      sample = Sample{now, now};
    }
  }
  // Less than half of a sample says too little, unless it is all there is.
  const bool says_something =
      series.samples().empty() || now - sample.begin >= plan.sample_seconds / 2;
  if (says_something && sample.decode.tokens + sample.prefill.tokens != 0) {
    sample.end = now;
    series.add(sample, condition(now));
  }
  return series;
}

}  // namespace crayon::bench
