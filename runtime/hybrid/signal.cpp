#include "runtime/hybrid/signal.h"

#include <algorithm>
#include <cmath>

namespace crayon::hybrid {
namespace {

using Score = std::optional<double>;

/// Of an answer without a token: as little as a probability of e-44.
constexpr double nothing_said = -100;

Score scope(Evidence& evidence) {
  return evidence.adapters->closeness(*evidence.query);
}

Score probe(Evidence& evidence) {
  return evidence.adapters->probe(*evidence.query);
}

Score first_entropy(Evidence& evidence) {
  return evidence.first ? Score(-evidence.first->entropy) : std::nullopt;
}

Score first_margin(Evidence& evidence) {
  return evidence.first ? Score(evidence.first->margin) : std::nullopt;
}

/// `value`, as far as there are tokens.
Score of_tokens(const Evidence& evidence, Score value) {
  if (evidence.tokens.tokens() == 0) {
    return evidence.ended ? Score(nothing_said) : std::nullopt;
  }
  return value;
}

Score least_log_probability(Evidence& evidence) {
  return of_tokens(evidence, evidence.tokens.least());
}

Score window_log_probability(Evidence& evidence) {
  const Score window = evidence.tokens.least_window();
  return of_tokens(evidence, window || !evidence.ended ? window : evidence.tokens.mean());
}

Score confidence(Evidence& evidence) {
  if (!evidence.ended) {
    return std::nullopt;
  }
  return evidence.tokens.tokens() == 0 ? 0.0 : std::exp(evidence.tokens.mean());
}

constexpr Signal table[] = {
    {"scope", Stage::before, scope},
    {"probe", Stage::before, probe},
    {"first_entropy", Stage::prefill, first_entropy},
    {"first_margin", Stage::prefill, first_margin},
    {"least_log_probability", Stage::generating, least_log_probability},
    {"window_log_probability", Stage::generating, window_log_probability},
    {"confidence", Stage::end, confidence},
};

}  // namespace

const char* stage_name(Stage stage) {
  switch (stage) {
    case Stage::before:
      return "before";
    case Stage::prefill:
      return "prefill";
    case Stage::generating:
      return "generating";
    case Stage::end:
      break;
  }
  return "end";
}

std::span<const Signal> signals() {
  return table;
}

const Signal* find_signal(std::string_view name) {
  const auto* const found = std::ranges::find(table, name, &Signal::name);
  return found == std::end(table) ? nullptr : found;
}

const Signal& confidence_signal() {
  return *find_signal("confidence");
}

}  // namespace crayon::hybrid
