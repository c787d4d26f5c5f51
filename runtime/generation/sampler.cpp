#include "runtime/generation/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/error.h"
#include "runtime/generation/log_probability.h"
#include "runtime/generation/portable_exp.h"

namespace crayon::generation {
namespace {

void require(bool holds, const char* option, float value, const char* range) {
  if (!holds) {
    throw Error(Code::bad_argument, fmt::format("{} is {}", option, value),
                fmt::format("use {}", range));
  }
}

[[noreturn]] void throw_none_allowed() {
  throw Error(Code::bad_tokenizer, "no token of the vocabulary can go on with the answer's form",
              "use a model whose tokens can spell every byte");
}

Token first_of_largest(std::span<const float> logits) {
  const float best = largest(logits);
  const auto found =
      std::ranges::find_if(logits, [best](float logit) { return sanitized(logit) == best; });
  return static_cast<Token>(found - logits.begin());
}

}  // namespace

void check(const SamplerOptions& options) {
  const auto within = [](float value, float low, float high) {
    return value >= low && value <= high;  // false for NaN
  };
  constexpr float most = std::numeric_limits<float>::max();
  require(within(options.temperature, 0.0f, most), "temperature", options.temperature,
          "0 (greedy) or a positive number");
  require(within(options.top_p, 0.0f, 1.0f), "top_p", options.top_p, "a number from 0 to 1");
  require(within(options.min_p, 0.0f, 1.0f), "min_p", options.min_p, "a number from 0 to 1");
  require(options.repetition_penalty > 0.0f && within(options.repetition_penalty, 0.0f, most),
          "repetition_penalty", options.repetition_penalty, "a positive number; 1 is none");
}

Sampler::Sampler(const SamplerOptions& options) : options_(options), random_(options.seed) {
  check(options);
}

Token Sampler::next(std::span<const float> logits, std::span<const Token> history,
                    const Allowed& allowed) {
  if (logits.empty()) {
    throw Error(Code::bad_argument, "there are no logits to sample from");
  }
  if (options_.temperature == 0.0f && options_.repetition_penalty == 1.0f && !allowed) {
    return first_of_largest(logits);
  }
  collect(logits);
  penalise(history);
  if (options_.temperature == 0.0f) {
    return best(allowed);
  }
  if (allowed) {
    std::erase_if(candidates_, [&](const Candidate& c) { return !allowed(c.id); });
    if (candidates_.empty()) {
      throw_none_allowed();
    }
  }
  keep_top_k();
  if (options_.top_p < 1.0f || options_.min_p > 0.0f) {
    weigh(1.0);
    keep_top_p();
    keep_min_p();
  }
  weigh(static_cast<double>(options_.temperature));
  return draw();
}

void Sampler::collect(std::span<const float> logits) {
  candidates_.resize(logits.size());
  for (std::size_t id = 0; id < logits.size(); ++id) {
    candidates_[id] = {static_cast<Token>(id), sanitized(logits[id]), 0.0};
  }
}

void Sampler::penalise(std::span<const Token> history) {
  if (options_.repetition_penalty == 1.0f) {
    return;
  }
  const std::size_t window = std::min<std::size_t>(history.size(), options_.repetition_window);
  const auto recent = history.last(window);
  std::vector<Token> seen(recent.begin(), recent.end());
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());  // once each, however often seen
  for (const Token token : seen) {
    if (token < 0 || static_cast<std::size_t>(token) >= candidates_.size()) {
      continue;
    }
    float& logit = candidates_[static_cast<std::size_t>(token)].logit;
    logit = sanitized(logit > 0.0f ? logit / options_.repetition_penalty
                                   : logit * options_.repetition_penalty);
  }
}

Token Sampler::best(const Allowed& allowed) const {
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates_) {
    const bool better = best == nullptr || candidate.logit > best->logit;  // the first of equals
    if (better && (!allowed || allowed(candidate.id))) {
      best = &candidate;
    }
  }
  if (best == nullptr) {
    throw_none_allowed();
  }
  return best->id;
}

void Sampler::keep_top_k() {
  if (options_.top_k == 0 || options_.top_k >= candidates_.size()) {
    return;
  }
  const auto end = candidates_.begin() + options_.top_k;
  std::partial_sort(candidates_.begin(), end, candidates_.end(),
                    [](const Candidate& a, const Candidate& b) {
                      return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
                    });
  candidates_.erase(end, candidates_.end());
}

void Sampler::weigh(double temperature) {
  float best = candidates_.front().logit;
  for (const Candidate& candidate : candidates_) {
    best = std::max(best, candidate.logit);
  }
  for (Candidate& candidate : candidates_) {
    const double distance = static_cast<double>(candidate.logit) - static_cast<double>(best);
    candidate.weight = portable_exp(distance / temperature);
  }
}

void Sampler::keep_top_p() {
  if (options_.top_p >= 1.0f) {
    return;
  }
  double total = 0.0;
  for (const Candidate& candidate : candidates_) {
    total += candidate.weight;
  }
  // A heap, because the nucleus is mostly a few tokens of a large vocabulary. Each pop moves the
  // best of the rest behind it: the nucleus grows from the back.
  const auto worse = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit < b.logit : a.id > b.id;
  };
  std::make_heap(candidates_.begin(), candidates_.end(), worse);
  const double enough = static_cast<double>(options_.top_p) * total;
  auto nucleus = candidates_.end();
  double mass = 0.0;
  do {
    std::pop_heap(candidates_.begin(), nucleus, worse);
    --nucleus;
    mass += nucleus->weight;
  } while (mass < enough && nucleus != candidates_.begin());
  candidates_.erase(candidates_.begin(), nucleus);
}

void Sampler::keep_min_p() {
  if (options_.min_p <= 0.0f) {
    return;
  }
  // The best candidate's weight is 1.
  const double least = static_cast<double>(options_.min_p);
  std::erase_if(candidates_, [&](const Candidate& c) { return c.weight < least; });
}

Token Sampler::draw() {
  double total = 0.0;
  for (const Candidate& candidate : candidates_) {
    total += candidate.weight;
  }
  const double target = random_.uniform() * total;
  double sum = 0.0;
  Token chosen = candidates_.front().id;
  for (const Candidate& candidate : candidates_) {
    if (candidate.weight == 0.0) {
      continue;
    }
    chosen = candidate.id;  // the last possible one when `target` was rounded up to `total`
    sum += candidate.weight;
    if (sum > target) {
      break;
    }
  }
  return chosen;
}

}  // namespace crayon::generation
