#include "runtime/generation/log_probability.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "runtime/generation/portable_exp.h"

namespace crayon::generation {
namespace {

/// log(sum(exp(logits))).
double log_sum(std::span<const float> logits) {
  float best = sanitized(logits[0]);
  for (const float logit : logits) {
    best = std::max(best, sanitized(logit));
  }
  double total = 0.0;
  for (const float logit : logits) {
    total += portable_exp(static_cast<double>(sanitized(logit)) - static_cast<double>(best));
  }
  return static_cast<double>(best) + std::log(total);
}

}  // namespace

double log_probability(std::span<const float> logits, Token token) {
  if (token < 0 || static_cast<std::size_t>(token) >= logits.size()) {
    throw Error(Code::bad_argument,
                fmt::format("token {} is not one of {} logits", token, logits.size()));
  }
  return static_cast<double>(sanitized(logits[static_cast<std::size_t>(token)])) - log_sum(logits);
}

std::vector<ScoredToken> likeliest(std::span<const float> logits, std::size_t count) {
  std::vector<Token> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto logit_of = [&](Token id) { return sanitized(logits[static_cast<std::size_t>(id)]); };
  const auto last = ids.begin() + static_cast<std::ptrdiff_t>(std::min(count, ids.size()));
  std::partial_sort(ids.begin(), last, ids.end(), [&](Token left, Token right) {
    return logit_of(left) != logit_of(right) ? logit_of(left) > logit_of(right) : left < right;
  });
  std::vector<ScoredToken> best;
  const double sum = logits.empty() ? 0.0 : log_sum(logits);
  for (auto id = ids.begin(); id != last; ++id) {
    best.push_back({*id, static_cast<double>(logit_of(*id)) - sum});
  }
  return best;
}

}  // namespace crayon::generation
