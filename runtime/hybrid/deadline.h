#pragma once

#include <algorithm>
#include <chrono>

namespace crayon::hybrid {

/// A point in time that an answer has to keep, and how far away it was at first.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// `total` from now; more than a year counts as a year, so that the sum cannot overflow.
  explicit Deadline(std::chrono::milliseconds total)
      : total_(std::min<std::chrono::milliseconds>(total, std::chrono::hours(24 * 365))),
        end_(Clock::now() + total_) {}

  std::chrono::milliseconds total() const { return total_; }
  bool passed() const { return Clock::now() >= end_; }
  /// Rounded down; 0 when it has passed.
  std::chrono::milliseconds left() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - Clock::now());
    return std::max(left, std::chrono::milliseconds(0));
  }

 private:
  std::chrono::milliseconds total_;
  Clock::time_point end_;
};

}  // namespace crayon::hybrid
