#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/random.h"
#include "runtime/hybrid/breaker.h"
#include "runtime/hybrid/budget.h"
#include "runtime/hybrid/remote.h"

namespace crayon::hybrid {

/// Attempts at one answer. Between them passes a random time from 0 to first x 2^k, at most longest
/// ("full jitter"), so that clients that failed together do not come back together.
struct RetryOptions {
  std::uint32_t attempts = 3;  ///< at least 1
  std::chrono::milliseconds first{250};
  std::chrono::milliseconds longest{4000};
};

/// The longest wait after `failed` attempts, 1 and above.
std::chrono::milliseconds longest_wait(const RetryOptions& options, std::uint32_t failed);

struct LinkOptions {
  RetryOptions retry = {};
  BreakerOptions breaker = {};
  BudgetLimits budget = {};
  transport::ClientOptions client = {};
  SteadyClock now = std::chrono::steady_clock::now;  ///< of breaker and budget
};

/// The way to one remote, which all questions share: attempts, circuit breaker and budget. From any
/// thread.
class RemoteLink {
 public:
  /// Throws as check() does, and bad_argument for options out of range; a remote without a URL is
  /// none, and must not be asked.
  RemoteLink(Remote remote, const LinkOptions& options);

  const Remote& remote() const { return remote_; }
  /// Why this request could not be sent now, in one phrase; empty: it could. Sends nothing.
  std::string refusal(const transport::ChatRequest& request) const;
  /// As ask_remote, again while that may help, the deadline allows it and nothing was shown.
  RemoteAnswer ask(const transport::ChatRequest& request, const Deadline& deadline,
                   const std::atomic<bool>* cancelled,
                   const std::function<void(std::string_view)>& on_text);

 private:
  RemoteAnswer try_once(const transport::ChatRequest& request, std::uint64_t bytes,
                        const Deadline& deadline, const std::atomic<bool>* cancelled,
                        const std::function<void(std::string_view)>& on_text);
  std::chrono::milliseconds wait_after(const RemoteAnswer& failed, std::uint32_t attempts);

  const Remote remote_;
  transport::Client client_;
  const RetryOptions retry_;
  Breaker breaker_;
  Budget budget_;
  std::mutex mutex_;  // guards random_
  Random random_;
};

}  // namespace crayon::hybrid
