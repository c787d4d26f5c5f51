#include "runtime/bench/plan.h"

#include <algorithm>

#include "base/process.h"
#include "base/random.h"

namespace crayon::bench {
namespace {

constexpr double bandwidth_seconds = 0.1;  // of one measurement between the tests

std::size_t best_of(std::span<const float> logits) {
  return static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin());
}

/// One step, with the search for the best token behind it.
void step(const Lane& lane, std::span<const Token> tokens, std::vector<float>& logits) {
  lane.model->forward(*lane.session, tokens, model::Logits::last, logits);
  [[maybe_unused]] const volatile std::size_t best = best_of(logits);
}

}  // namespace

std::string Test::name() const {
  std::string name = prompt != 0 ? "pp" + std::to_string(prompt) : "";
  if (decode != 0) {
    name += (name.empty() ? "tg" : "+tg") + std::to_string(decode);
  }
  return name;
}

std::vector<double> Measurements::bandwidth_of(std::size_t lane) const {
  std::vector<double> of_lane;
  for (std::size_t at = lane; at < bandwidth.size(); at += lanes.size()) {
    of_lane.push_back(bandwidth[at]);
  }
  return of_lane;
}

std::vector<Token> random_tokens(std::uint32_t count, std::uint32_t vocabulary) {
  Random random(1);
  std::vector<Token> tokens(count);
  for (Token& token : tokens) {
    token = static_cast<Token>(random.next() % vocabulary);
  }
  return tokens;
}

void run_once(const Test& test, const Lane& lane, Times& times) {
  const std::uint32_t vocabulary = lane.model->config().vocab_size;
  const std::vector<Token> tokens = random_tokens(test.prompt + test.decode, vocabulary);
  const std::span<const Token> all(tokens);
  std::vector<float> logits(vocabulary);
  lane.session->rewind(0);
  const double started = monotonic_seconds();
  if (test.prompt != 0) {
    step(lane, all.first(test.prompt), logits);
  }
  double before = monotonic_seconds();
  for (std::size_t at = test.prompt; at < tokens.size(); ++at) {
    step(lane, all.subspan(at, 1), logits);
    const double now = monotonic_seconds();
    times.token_seconds.push_back(now - before);
    before = now;
  }
  times.seconds.push_back(before - started);
}

Measurements run(std::span<const Test> tests, std::span<const Lane> lanes, int repetitions,
                 ReadBandwidth* bandwidth,
                 const std::function<void(std::uint64_t done, std::uint64_t all)>& on_step) {
  Measurements measured;
  measured.lanes.assign(lanes.size(), std::vector<Times>(tests.size()));
  std::uint64_t done = 0;
  const std::uint64_t steps = tests.size() * lanes.size() * static_cast<std::uint64_t>(repetitions);
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    for (std::size_t test = 0; test < tests.size(); ++test) {
      for (std::size_t i = 0; i < lanes.size(); ++i) {
        // There and back, so that who comes first changes.
        const std::size_t lane = repetition % 2 == 0 ? i : lanes.size() - 1 - i;
        run_once(tests[test], lanes[lane], measured.lanes[lane][test]);
        on_step(++done, steps);
      }
    }
    for (std::size_t lane = 0; bandwidth != nullptr && lane < lanes.size(); ++lane) {
      measured.bandwidth.push_back(bandwidth->measure(*lanes[lane].threads, bandwidth_seconds));
    }
  }
  return measured;
}

}  // namespace crayon::bench
