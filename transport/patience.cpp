#include "transport/patience.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace crayon::transport {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest = std::chrono::hours(24 * 365);  // keeps the clock from overflow

}  // namespace

Patience::Patience(milliseconds deadline, const std::atomic<bool>* cancelled)
    : deadline_(std::clamp(deadline, milliseconds(0), longest)),
      until_(Clock::now() + deadline_),
      cancelled_(cancelled) {}

milliseconds Patience::left() const {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(until_ - Clock::now()));
}

void Patience::check() const {
  if (cancelled()) {
    throw Error(Code::cancelled, "the request was cancelled");
  }
  if (Clock::now() >= until_) {
    throw_timed_out();
  }
}

void Patience::throw_timed_out() const {
  throw Error(Code::timed_out,
              "no complete reply within " + std::to_string(deadline_.count()) + " ms",
              "Check that the remote side is up, or allow it more time.");
}

}  // namespace crayon::transport
