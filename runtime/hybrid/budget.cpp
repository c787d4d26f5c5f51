#include "runtime/hybrid/budget.h"

#include <fmt/format.h>

#include <utility>

namespace crayon::hybrid {
namespace {

// One more than there are: the first of them has begun already when it is counted.
constexpr std::int64_t hour = 61;          // minutes
constexpr std::int64_t day = 24 * 60 + 1;  // minutes

bool exceeds(std::uint64_t used, std::uint64_t more, std::uint64_t limit) {
  return limit != 0 && (more > limit || used > limit - more);
}

}  // namespace

Budget::Budget(BudgetLimits limits, SteadyClock now) : limits_(limits), now_(std::move(now)) {}

std::int64_t Budget::minute() const {
  return std::chrono::duration_cast<std::chrono::minutes>(now_().time_since_epoch()).count();
}

std::string Budget::refusal(std::uint64_t bytes) const {
  const std::lock_guard lock(mutex_);
  return refusal_locked(bytes);
}

std::string Budget::refusal_locked(std::uint64_t bytes) const {
  const std::int64_t now = minute();
  Minute in_hour{};
  Minute in_day{};
  for (const Minute& one : minutes_) {
    for (const auto& [sum, length] : {std::pair{&in_hour, hour}, std::pair{&in_day, day}}) {
      if (one.number > now - length) {
        sum->requests += one.requests;
        sum->bytes += one.bytes;
      }
    }
  }
  if (exceeds(in_hour.requests, 1, limits_.requests_per_hour)) {
    return fmt::format("the hour's {} requests are used up", limits_.requests_per_hour);
  }
  if (exceeds(in_hour.bytes, bytes, limits_.bytes_per_hour)) {
    return fmt::format("the hour's {} bytes are used up", limits_.bytes_per_hour);
  }
  if (exceeds(in_day.bytes, bytes, limits_.bytes_per_day)) {
    return fmt::format("the day's {} bytes are used up", limits_.bytes_per_day);
  }
  return {};
}

std::string Budget::take(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  std::string refusal = refusal_locked(bytes);
  if (refusal.empty()) {
    Minute& now = current();
    now.requests += 1;
    now.bytes += bytes;
  }
  return refusal;
}

void Budget::add(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  current().bytes += bytes;
}

Budget::Minute& Budget::current() {
  const std::int64_t now = minute();
  while (!minutes_.empty() && minutes_.front().number <= now - day) {
    minutes_.pop_front();
  }
  if (minutes_.empty() || minutes_.back().number < now) {
    minutes_.push_back({now, 0, 0});
  }
  return minutes_.back();
}

}  // namespace crayon::hybrid
