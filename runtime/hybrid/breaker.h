#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "runtime/hybrid/steady_time.h"

namespace crayon::hybrid {

struct BreakerOptions {
  std::uint32_t failures = 3;                       ///< in a row, that open it; 0: it never opens
  std::chrono::milliseconds pause{30000};           ///< how long it stays open at first
  std::chrono::milliseconds longest_pause{600000};  ///< each trial that fails doubles the pause
};

/// A circuit breaker (Nygard, Release It!): a remote that keeps failing is left alone for a while,
/// so that questions need not wait for it to fail once more. Closed, all may ask; open, none; when
/// the pause is over, half-open, one may try. From any thread.
class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };

  explicit Breaker(BreakerOptions options = {}, SteadyClock now = std::chrono::steady_clock::now);

  /// Permission to ask once. Without a verdict before it goes, none is given: a trial that was
  /// cancelled lets the next one try.
  class Permit {
   public:
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&&) = delete;
    ~Permit();
    void succeeded() { give(true); }
    void failed() { give(false); }

   private:
    friend class Breaker;
    Permit(Breaker& breaker, std::uint64_t epoch) : breaker_(&breaker), epoch_(epoch) {}
    void give(bool success);
    Breaker* breaker_;  // null: the verdict was given
    std::uint64_t epoch_;
  };

  /// Nothing when the remote is to be left alone. The breaker must outlive the permit.
  std::optional<Permit> enter();
  /// Whether enter() would give nothing.
  bool refuses() const;
  State state() const;

 private:
  void verdict(std::uint64_t epoch, std::optional<bool> success);
  void change_to(State state);
  bool pause_is_over() const { return now_() >= open_until_; }

  const BreakerOptions options_;
  const SteadyClock now_;
  mutable std::mutex mutex_;  // guards what follows
  State state_ = State::closed;
  std::uint64_t epoch_ = 0;  // counts changes of state: a verdict from before one means nothing
  std::uint32_t failures_ = 0;
  bool trying_ = false;  // half-open, and somebody tries
  std::chrono::milliseconds pause_;
  SteadyTime open_until_;
};

}  // namespace crayon::hybrid
