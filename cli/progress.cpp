#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/process.h"

namespace crayon::cli {
namespace {

constexpr std::size_t bar_width = 24;
constexpr double redraw_seconds = 0.1;  // more often than the eye can use costs time over ssh

std::string rate_text(double rate) {
  if (rate >= 1e9) {
    return fmt::format("{:.1f} G ", rate / 1e9);
  }
  if (rate >= 1e6) {
    return fmt::format("{:.1f} M ", rate / 1e6);
  }
  return rate >= 1e3 ? fmt::format("{:.1f} k ", rate / 1e3) : fmt::format("{:.0f} ", rate);
}

bool environment_has(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool terminal_can_redraw() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

}  // namespace

Progress::Progress(std::string label, std::string unit)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      terminal_(terminal_can_redraw()),
      colour_(!environment_has("NO_COLOR")),
      started_(monotonic_seconds()) {}

Progress::~Progress() {
  if (shown_) {
    std::fputs("\r\x1b[K", stderr);
  }
}

void Progress::update(std::uint64_t done, std::uint64_t total) {
  const double now = monotonic_seconds();
  if (!terminal_ || total == 0 || now - drawn_ < redraw_seconds) {
    return;
  }
  drawn_ = now;
  shown_ = true;
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const double elapsed = std::max(now - started_, 1e-9);
  const double rate = static_cast<double>(done) / elapsed;
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_width));
  const std::string bar(filled, '=');
  std::string left = "-:--";
  if (rate > 0) {
    const auto seconds = static_cast<std::uint64_t>(elapsed * (1 - share) / std::max(share, 1e-9));
    left = fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  }
  fmt::print(stderr, "\r{} [{}{:<{}}{}] {:3.0f} %  {}{}/s  {} left\x1b[K", label_,
             colour_ ? "\x1b[32m" : "", bar, bar_width, colour_ ? "\x1b[0m" : "", share * 100,
             rate_text(rate), unit_, left);
  std::fflush(stderr);
}

}  // namespace crayon::cli
