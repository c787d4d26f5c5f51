#include "runtime/generation/stop_filter.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace crayon::generation {
namespace {

/// Length of the longest end of `text` that is the beginning, but not the whole, of `stop`.
std::size_t overlap(std::string_view text, std::string_view stop) {
  std::size_t length = std::min(text.size(), stop.size() - 1);
  while (length > 0 && !text.ends_with(stop.substr(0, length))) {
    --length;
  }
  return length;
}

}  // namespace

StopFilter::StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {
  for (const std::string& stop : stops_) {
    if (stop.empty()) {
      throw Error(Code::bad_argument, "a stop text is empty", "leave it out");
    }
  }
}

std::string StopFilter::push(std::string_view text) {
  if (stopped_) {
    return {};
  }
  held_ += text;
  std::size_t first_end = std::string::npos;
  std::size_t cut = 0;
  std::size_t keep = 0;
  for (const std::string& stop : stops_) {
    const std::size_t begin = held_.find(stop);
    if (begin == std::string::npos) {
      keep = std::max(keep, overlap(held_, stop));
      continue;
    }
    const std::size_t end = begin + stop.size();
    if (end < first_end || (end == first_end && begin < cut)) {
      first_end = end;
      cut = begin;
    }
  }
  stopped_ = first_end != std::string::npos;
  if (!stopped_) {
    cut = held_.size() - keep;
  }
  std::string shown = held_.substr(0, cut);
  held_.erase(0, stopped_ ? held_.size() : cut);
  return shown;
}

std::string StopFilter::finish() {
  return std::exchange(held_, {});
}

}  // namespace crayon::generation
