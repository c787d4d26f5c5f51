#include "runtime/generation/log_probability.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "base/error.h"
#include "runtime/generation/portable_exp.h"

namespace crayon::generation {
namespace {

using Four = float __attribute__((vector_size(16)));

/// log(sum(exp(logits))). This runs over the whole vocabulary for every token of every answer.
double log_sum(std::span<const float> logits) {
  const double best = largest(logits);
  const auto below = [&](std::size_t id) {
    return static_cast<double>(sanitized(logits[id])) - best;
  };
  Pair first = {};
  Pair second = {};
  std::size_t id = 0;
  for (; id + 4 <= logits.size(); id += 4) {
    first += portable_exp(Pair{below(id), below(id + 1)});
    second += portable_exp(Pair{below(id + 2), below(id + 3)});
  }
  double total = (first[0] + first[1]) + (second[0] + second[1]);
  for (; id < logits.size(); ++id) {
    total += portable_exp(below(id));
  }
  return best + std::log(total);
}

}  // namespace

float largest(std::span<const float> logits) {
  constexpr float least = -std::numeric_limits<float>::max();
  Four best = {least, least, least, least};
  std::size_t id = 0;
  for (; id + 4 <= logits.size(); id += 4) {
    Four four;
    std::memcpy(&four, &logits[id], sizeof(four));
    best = four > best ? four : best;  // a NaN compares false
  }
  float result = std::max(std::max(best[0], best[1]), std::max(best[2], best[3]));
  for (; id < logits.size(); ++id) {
    result = std::max(result, sanitized(logits[id]));
  }
  return sanitized(result);
}

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
