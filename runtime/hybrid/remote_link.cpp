#include "runtime/hybrid/remote_link.h"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include "base/error.h"

namespace crayon::hybrid {
namespace {

using std::chrono::milliseconds;

constexpr const char* left_alone = "the remote is left alone after it has failed";

/// False: cancelled.
bool sleep(milliseconds time, const std::atomic<bool>* cancelled) {
  const SteadyTime end = std::chrono::steady_clock::now() + time;
  for (;;) {
    if (cancelled != nullptr && *cancelled) {
      return false;
    }
    const auto left = end - std::chrono::steady_clock::now();
    if (left.count() <= 0) {
      return true;
    }
    std::this_thread::sleep_for(std::min<SteadyTime::duration>(left, milliseconds(20)));
  }
}

}  // namespace

milliseconds longest_wait(const RetryOptions& options, std::uint32_t failed) {
  const std::uint32_t doublings = std::min(failed - 1, 20u);
  return std::min(options.first * (1 << doublings), options.longest);
}

RemoteLink::RemoteLink(Remote remote, const LinkOptions& options)
    : remote_(std::move(remote)),
      client_(options.client),
      retry_(options.retry),
      breaker_(options.breaker, options.now),
      budget_(options.budget, options.now),
      random_((std::uint64_t{std::random_device()()} << 32) | std::random_device()()) {
  constexpr milliseconds most = std::chrono::hours(24);
  const auto fits = [&](milliseconds time) { return time.count() >= 0 && time <= most; };
  if (retry_.attempts == 0 || !fits(retry_.first) || !fits(retry_.longest) ||
      !fits(options.breaker.pause) || !fits(options.breaker.longest_pause)) {
    throw Error(Code::bad_argument, "no attempt at all, or a pause that is below 0 or over a day",
                "use at least 1 attempt and shorter pauses");
  }
  if (!remote_.url.empty()) {
    check(remote_);
  }
}

std::string RemoteLink::refusal(const transport::ChatRequest& request) const {
  return breaker_.refuses() ? left_alone : budget_.refusal(request.to_json().size());
}

RemoteAnswer RemoteLink::ask(const transport::ChatRequest& request, const Deadline& deadline,
                             const std::atomic<bool>* cancelled,
                             const std::function<void(std::string_view)>& on_text) {
  const std::uint64_t bytes = request.to_json().size();
  for (std::uint32_t attempts = 1;; ++attempts) {
    RemoteAnswer answer = try_once(request, bytes, deadline, cancelled, on_text);
    if (answer.failure.empty() || !answer.passing || attempts >= retry_.attempts) {
      return answer;
    }
    const milliseconds wait = wait_after(answer, attempts);
    if (wait >= deadline.left() || !refusal(request).empty()) {
      return answer;  // the failure says more than that it cannot be tried again
    }
    if (!sleep(wait, cancelled)) {
      answer.failure = "cancelled";
      return answer;
    }
  }
}

RemoteAnswer RemoteLink::try_once(const transport::ChatRequest& request, std::uint64_t bytes,
                                  const Deadline& deadline, const std::atomic<bool>* cancelled,
                                  const std::function<void(std::string_view)>& on_text) {
  RemoteAnswer answer;
  std::optional<Breaker::Permit> permit = breaker_.enter();
  answer.failure = permit ? budget_.take(bytes) : left_alone;
  if (!answer.failure.empty()) {
    return answer;
  }
  answer = ask_remote(client_, remote_, request, deadline, cancelled, on_text);
  budget_.add(answer.received);
  if (answer.broken) {
    permit->failed();
  } else if (answer.failure != "cancelled") {
    permit->succeeded();
  }
  return answer;
}

milliseconds RemoteLink::wait_after(const RemoteAnswer& failed, std::uint32_t attempts) {
  const auto most = static_cast<double>(longest_wait(retry_, attempts).count());
  const std::lock_guard lock(mutex_);
  const milliseconds jitter(static_cast<std::int64_t>(random_.uniform() * most));
  return failed.retry_after ? *failed.retry_after + jitter : jitter;
}

}  // namespace crayon::hybrid
