#include "runtime/hybrid/auroc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace crayon::hybrid {
namespace {

/// The share of `sorted` below x, what is equal counting half.
double share_below(const std::vector<double>& sorted, double x) {
  const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), x);
  const auto twice = (low - sorted.begin()) + (high - sorted.begin());
  return static_cast<double>(twice) / (2 * static_cast<double>(sorted.size()));
}

/// The variance of the mean of `values`, less `others` where there are some.
double variance_of_mean(const std::vector<double>& values, const std::vector<double>& others) {
  const std::size_t n = values.size();
  if (n < 2) {
    return std::numeric_limits<double>::infinity();
  }
  std::vector<double> differences = values;
  for (std::size_t i = 0; i < others.size(); ++i) {
    differences[i] -= others[i];
  }
  const auto count = static_cast<double>(n);
  const double mean = std::accumulate(differences.begin(), differences.end(), 0.0) / count;
  double sum = 0;
  for (const double one : differences) {
    sum += (one - mean) * (one - mean);
  }
  return sum / (count - 1) / count;
}

}  // namespace

Auroc::Auroc(std::span<const double> scores, const std::vector<bool>& right) {
  std::vector<double> rights;
  std::vector<double> wrongs;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    (right[i] ? rights : wrongs).push_back(scores[i]);
  }
  if (rights.empty() || wrongs.empty()) {
    return;
  }
  std::vector<double> sorted_rights = rights;
  std::vector<double> sorted_wrongs = wrongs;
  std::ranges::sort(sorted_rights);
  std::ranges::sort(sorted_wrongs);
  for (const double score : rights) {
    of_right_.push_back(share_below(sorted_wrongs, score));
  }
  for (const double score : wrongs) {
    of_wrong_.push_back(1 - share_below(sorted_rights, score));
  }
  area_ = std::accumulate(of_right_.begin(), of_right_.end(), 0.0) /
          static_cast<double>(of_right_.size());
}

double Auroc::standard_error() const {
  return std::sqrt(variance_of_mean(of_right_, {}) + variance_of_mean(of_wrong_, {}));
}

double Auroc::standard_error_against(const Auroc& other) const {
  return std::sqrt(variance_of_mean(of_right_, other.of_right_) +
                   variance_of_mean(of_wrong_, other.of_wrong_));
}

}  // namespace crayon::hybrid
