#include "runtime/hybrid/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace crayon::hybrid {

Router::Router(std::vector<Rule> rules) : rules_(std::move(rules)) {
  if (rules_.empty()) {
    throw Error(Code::bad_argument, "a router without a rule", "give it one");
  }
  for (const Rule& rule : rules_) {
    if (!std::isfinite(rule.threshold)) {
      throw Error(Code::bad_argument,
                  fmt::format("the threshold of {} is {}", rule.signal->name, rule.threshold),
                  "use a finite number");
    }
  }
}

Router Router::plain(double threshold) {
  return Router({{&confidence_signal(), threshold}});
}

Router Router::calibrated(const formats::Routing& routing) {
  std::vector<Rule> rules;
  for (const formats::RoutingSignal& one : routing.signals) {
    if (!one.decides) {
      continue;
    }
    const Signal* const signal = find_signal(one.name);
    if (signal == nullptr) {
      throw Error(Code::unsupported,
                  fmt::format("the adapter's routing goes by {}, which is not known", one.name),
                  "use the version of crayon that calibrated it, or calibrate it again");
    }
    rules.push_back({signal, one.threshold});
  }
  return Router(std::move(rules));
}

Watch::Watch(Router router, Evidence evidence, bool all)
    : router_(std::move(router)), evidence_(std::move(evidence)), all_(all) {}

bool Watch::begin() {
  read(Stage::before);
  return decision_.offload;
}

bool Watch::see(const generation::Progress& progress) {
  if (progress.first && !std::exchange(prefilled_, true)) {
    evidence_.first = progress.first;
    read(Stage::prefill);
  }
  for (const generation::Chosen& chosen : progress.tokens) {
    evidence_.tokens.add(chosen.token.log_probability);
  }
  if (!progress.tokens.empty()) {
    read(Stage::generating);
  }
  return decision_.offload;
}

bool Watch::end() {
  evidence_.ended = true;
  read(Stage::generating);  // an answer may be shorter than what a signal waits for
  read(Stage::end);
  return decision_.offload;
}

/// Reads the signals that become known at `stage`, or that change there.
void Watch::read(Stage stage) {
  for (const Rule& rule : router_.rules()) {
    if (rule.signal->stage == stage) {
      if (const auto score = rule.signal->score(evidence_)) {
        note(*rule.signal, *score, rule.threshold);
        judge(rule, *score);
      }
    }
  }
  if (!all_) {
    return;
  }
  for (const Signal& signal : signals()) {
    const bool rules =
        std::ranges::find(router_.rules(), &signal, &Rule::signal) != router_.rules().end();
    if (signal.stage == stage && !rules) {
      if (const auto score = signal.score(evidence_)) {
        note(signal, *score, std::nullopt);
      }
    }
  }
}

void Watch::note(const Signal& signal, double score, std::optional<double> threshold) {
  const auto found = std::ranges::find(readings_, &signal, &Reading::signal);
  if (found != readings_.end()) {
    found->score = score;
  } else {
    readings_.push_back({&signal, score, threshold});
  }
}

/// The first rule that hands over keeps its decision.
void Watch::judge(const Rule& rule, double score) {
  if (decision_.offload) {
    return;
  }
  decision_ = {.offload = !(score >= rule.threshold),
               .signal = std::string(rule.signal->name),
               .stage = rule.signal->stage,
               .score = score,
               .threshold = rule.threshold,
               .reason = "confident"};
  if (decision_.offload) {
    const bool plain = rule.signal == &confidence_signal();
    decision_.reason = fmt::format("{} {:.3f} below {:.3f}", plain ? "score" : rule.signal->name,
                                   score, rule.threshold);
  }
}

}  // namespace crayon::hybrid
