#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "runtime/adapters/adapters.h"

namespace crayon::adapters {
namespace {

double dot(std::span<const double> x, std::span<const double> y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

/// Cosine of two vectors; 0 when one of them is 0 and has no direction.
double cosine(std::span<const double> x, std::span<const double> y) {
  const double lengths = std::sqrt(dot(x, x)) * std::sqrt(dot(y, y));
  return lengths > 0 ? dot(x, y) / lengths : 0.0;
}

/// Sum of the rows of [rows][dim]: their mean but for its length, which a cosine does not see.
std::vector<double> sum_rows(std::span<const float> rows, std::size_t dim) {
  std::vector<double> sum(dim);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sum[i % dim] += static_cast<double>(rows[i]);
  }
  return sum;
}

/// softmax(scores / tau), in place.
void softmax(std::vector<double>& scores, double tau) {
  const double best = *std::ranges::max_element(scores);
  double sum = 0;
  for (double& score : scores) {
    score = std::exp((score - best) / tau);
    sum += score;
  }
  for (double& score : scores) {
    score /= sum;
  }
}

/// Makes weights below `least` 0, but never the largest, and the rest sum to 1.
void drop_small(std::vector<double>& weights, double least) {
  const double limit = std::min(least, *std::ranges::max_element(weights));
  double sum = 0;
  for (double& weight : weights) {
    weight = weight < limit ? 0.0 : weight;
    sum += weight;
  }
  for (double& weight : weights) {
    weight /= sum;
  }
}

void check(std::span<const float> embeddings, std::span<const float> indicators, std::size_t dim,
           float tau) {
  const auto is_matrix = [dim](std::span<const float> values) {
    return dim != 0 && !values.empty() && values.size() % dim == 0 &&
           std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
  };
  if (!is_matrix(embeddings) || !is_matrix(indicators)) {
    throw Error(Code::bad_argument,
                fmt::format("{} numbers of embeddings and {} of indicators are not finite rows of "
                            "{}, at least one each",
                            embeddings.size(), indicators.size(), dim),
                "embed the examples with the pool's base model");
  }
  if (!std::isfinite(tau) || tau <= 0) {
    throw Error(Code::bad_argument, fmt::format("tau is {}", tau), "use a tau above 0");
  }
}

std::vector<float> to_float(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

/// Cosine of x [dim] to each row of [adapters][dim].
std::vector<double> cosines(const std::vector<double>& x, std::span<const float> rows) {
  std::vector<double> result;
  for (std::size_t at = 0; at < rows.size(); at += x.size()) {
    const auto row = rows.subspan(at, x.size());
    result.push_back(cosine(x, std::vector<double>(row.begin(), row.end())));
  }
  return result;
}

void add_prior(const Prior& prior, std::vector<double>& scores) {
  if (prior.scores.size() != scores.size() || !std::isfinite(prior.weight) || prior.weight < 0) {
    throw Error(Code::bad_argument,
                fmt::format("a prior of {} scores and weight {} for {} adapters",
                            prior.scores.size(), prior.weight, scores.size()),
                "use a prior of the same pool, with a finite weight that is not negative");
  }
  const auto lambda = static_cast<double>(prior.weight);
  for (std::size_t n = 0; n < scores.size(); ++n) {
    // The mean: a sum would have larger differences, and so act like a smaller tau.
    scores[n] = (scores[n] + lambda * static_cast<double>(prior.scores[n])) / (1.0 + lambda);
  }
}

Blend weigh(std::vector<double> scores, float tau, float least_weight) {
  Blend blend;
  blend.scores = to_float(scores);
  softmax(scores, static_cast<double>(tau));
  drop_small(scores, static_cast<double>(least_weight));
  blend.weights = to_float(scores);
  return blend;
}

}  // namespace

std::vector<double> cosines(std::span<const float> x, std::span<const float> rows) {
  return cosines(std::vector<double>(x.begin(), x.end()), rows);
}

Blend crayon_rule(std::span<const float> embeddings, std::span<const float> indicators,
                  std::size_t dim, float tau, float least_weight) {
  check(embeddings, indicators, dim, tau);
  return weigh(cosines(sum_rows(embeddings, dim), indicators), tau, least_weight);
}

Blend query_rule(std::span<const float> query, const Prior& prior,
                 std::span<const float> indicators, float tau, float least_weight) {
  check(query, indicators, query.size(), tau);
  std::vector<double> scores = cosines(query, indicators);
  if (!prior.scores.empty()) {
    add_prior(prior, scores);
  }
  return weigh(std::move(scores), tau, least_weight);
}

}  // namespace crayon::adapters
