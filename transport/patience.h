#pragma once

#include <atomic>
#include <chrono>

namespace crayon::transport {

/// How often a flag that another thread sets is looked at.
inline constexpr std::chrono::milliseconds cancel_poll{20};

/// How long a caller is willing to wait: until a moment, or until another thread says so.
class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  /// From now on; `cancelled` may be null.
  Patience(std::chrono::milliseconds deadline, const std::atomic<bool>* cancelled);

  Clock::time_point until() const { return until_; }
  /// Rounded up; 0 when the moment has passed.
  std::chrono::milliseconds left() const;
  bool cancellable() const { return cancelled_ != nullptr; }
  bool cancelled() const { return cancelled_ != nullptr && cancelled_->load(); }

  /// Throws cancelled or timed_out when it has run out.
  void check() const;
  [[noreturn]] void throw_timed_out() const;

 private:
  std::chrono::milliseconds deadline_;
  Clock::time_point until_;
  const std::atomic<bool>* cancelled_;
};

}  // namespace crayon::transport
