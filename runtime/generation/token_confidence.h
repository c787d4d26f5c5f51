#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

namespace crayon::generation {

/// How sure a model is of an answer so far, from its tokens' log-probabilities, in nats. What only
/// ever falls (least(), least_window()) can be gone by before the answer has ended.
class TokenConfidence {
 public:
  /// Tokens that a window holds: a few, so that one rare word is not yet doubt.
  static constexpr std::size_t window = 4;

  void add(double log_probability) {
    recent_[tokens_ % window] = log_probability;
    ++tokens_;
    sum_ += log_probability;
    least_ = std::min(least_, log_probability);
    if (tokens_ >= window) {
      double sum = 0;
      for (const double one : recent_) {
        sum += one;
      }
      const double mean = sum / static_cast<double>(window);
      least_window_ = least_window_ ? std::min(*least_window_, mean) : mean;
    }
  }

  std::size_t tokens() const { return tokens_; }
  /// 0 when there are no tokens.
  double mean() const { return tokens_ == 0 ? 0.0 : sum_ / static_cast<double>(tokens_); }
  /// 0 when there are no tokens.
  double least() const { return least_; }
  /// The least mean of `window` tokens in a row; nothing before there are so many.
  std::optional<double> least_window() const { return least_window_; }

 private:
  std::size_t tokens_ = 0;
  double sum_ = 0;
  double least_ = 0;
  std::optional<double> least_window_;
  std::array<double, window> recent_{};
};

}  // namespace crayon::generation
