#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "runtime/hybrid/steady_time.h"

namespace crayon::hybrid {

/// What may go to a remote; 0: as much as it takes. Bytes are those of the bodies, sent and
/// received.
struct BudgetLimits {
  std::uint64_t requests_per_hour = 0;
  std::uint64_t bytes_per_hour = 0;
  std::uint64_t bytes_per_day = 0;
};

/// Counts what has gone to a remote in the last hour and the last day, in minutes: no hour of 60
/// minutes ever sees more requests than its limit. An answer that has begun is read to its end, so
/// bytes may go over by one answer. From any thread.
class Budget {
 public:
  explicit Budget(BudgetLimits limits = {}, SteadyClock now = std::chrono::steady_clock::now);

  /// Why a request of so many bytes may not be sent, in one phrase; empty: it may.
  std::string refusal(std::uint64_t bytes) const;
  /// The same, and if it may, it is counted.
  std::string take(std::uint64_t bytes);
  /// Counts what came back.
  void add(std::uint64_t bytes);

 private:
  struct Minute {
    std::int64_t number;
    std::uint64_t requests;
    std::uint64_t bytes;
  };
  std::int64_t minute() const;
  std::string refusal_locked(std::uint64_t bytes) const;
  Minute& current();

  const BudgetLimits limits_;
  const SteadyClock now_;
  mutable std::mutex mutex_;    // guards what follows
  std::deque<Minute> minutes_;  // of the last day, those in which something was sent
};

}  // namespace crayon::hybrid
