#include "runtime/bench/series.h"

#include <algorithm>

#include "base/machine.h"
#include "runtime/bench/statistics.h"

namespace crayon::bench {
namespace {

Work sum(const Work& a, const Work& b) {
  return {a.tokens + b.tokens, a.seconds + b.seconds};
}

/// The mean of two values, each of which holds for some seconds.
std::optional<double> mean_of(const std::optional<double>& a, double a_seconds,
                              const std::optional<double>& b, double b_seconds) {
  if (!a || !b) {
    return a ? a : b;
  }
  const double seconds = a_seconds + b_seconds;
  return seconds > 0 ? (*a * a_seconds + *b * b_seconds) / seconds : *b;
}

Sample merged_all(auto begin, auto end) {
  Sample all = *begin;
  while (++begin != end) {
    all = merged(all, *begin);
  }
  return all;
}

void keep_lowest(std::optional<Lowest>& lowest, const std::optional<double>& speed, double end) {
  if (speed && (!lowest || *speed < lowest->speed)) {
    lowest = Lowest{*speed, end};
  }
}

}  // namespace

std::optional<double> Work::speed() const {
  return tokens != 0 && seconds > 0 ? std::optional(static_cast<double>(tokens) / seconds)
                                    : std::nullopt;
}

Sample merged(const Sample& before, const Sample& behind) {
  Sample both{before.begin, behind.end, sum(before.decode, behind.decode),
              sum(before.prefill, behind.prefill)};
  both.degrees = before.degrees && behind.degrees
                     ? std::max(before.degrees, behind.degrees)
                     : (before.degrees ? before.degrees : behind.degrees);
  both.khz = mean_of(before.khz, before.seconds(), behind.khz, behind.seconds());
  both.watts = mean_of(before.watts, before.seconds(), behind.watts, behind.seconds());
  both.slowed = before.slowed || behind.slowed;
  return both;
}

void Series::add(Sample sample, const Condition& condition) {
  sample.degrees = condition.degrees;
  sample.khz = condition.khz;
  sample.watts = condition.watts;
  sample.slowed = condition.throttling && is_throttled_now(*condition.throttling);
  note_throttling(sample.end, condition.throttling);
  if (sample.begin < minute) {
    first_.push_back(sample);
  }
  recent_.push_back(sample);
  while (recent_.size() > 1 && recent_[1].begin <= sample.end - minute) {
    recent_.pop_front();
  }
  note_lowest();
  if (pending_ == 0) {
    samples_.push_back(sample);
  } else {
    samples_.back() = merged(samples_.back(), sample);
  }
  pending_ = (pending_ + 1) % together_;
  if (pending_ == 0 && samples_.size() >= limit_) {
    halve();
  }
}

void Series::halve() {
  samples_ = condensed(samples_.size() / 2);
  together_ *= 2;
}

std::vector<Sample> Series::condensed(std::size_t count) const {
  count = std::clamp<std::size_t>(count, 1, std::max<std::size_t>(samples_.size(), 1));
  std::vector<Sample> fewer;
  for (std::size_t i = 0; i < count && !samples_.empty(); ++i) {
    const auto at = [&](std::size_t part) {
      return samples_.begin() + static_cast<std::ptrdiff_t>(part * samples_.size() / count);
    };
    fewer.push_back(merged_all(at(i), at(i + 1)));
  }
  return fewer;
}

Sample Series::whole() const {
  return samples_.empty() ? Sample{} : merged_all(samples_.begin(), samples_.end());
}

double Series::window() const {
  return samples_.empty() ? 0 : std::min(minute, samples_.back().end / 2);
}

std::vector<Sample> Series::first() const {
  std::vector<Sample> first;
  for (const Sample& sample : first_) {
    if (first.empty() || sample.end <= window()) {
      first.push_back(sample);
    }
  }
  return first;
}

std::vector<Sample> Series::last() const {
  std::vector<Sample> last;
  for (const Sample& sample : recent_) {
    if (sample.begin >= recent_.back().end - window() || &sample == &recent_.back()) {
      last.push_back(sample);
    }
  }
  return last;
}

void Series::note_lowest() {
  const double end = recent_.back().end;
  auto begin = recent_.end() - 1;
  while (begin != recent_.begin() && begin->begin > end - lowest_seconds) {
    --begin;
  }
  if (begin->begin <= end - lowest_seconds) {
    const Sample stretch = merged_all(begin, recent_.end());
    keep_lowest(lowest_decode_, stretch.decode.speed(), end);
    keep_lowest(lowest_prefill_, stretch.prefill.speed(), end);
  }
}

void Series::note_throttling(double seconds, const std::optional<std::string>& throttling) {
  if (!throttling) {
    return;
  }
  const bool changed = *throttling != last_throttling_.value_or("no");
  last_throttling_ = throttling;
  if (changed && throttling_.size() < most_changes) {
    throttling_.push_back({seconds, *throttling});
  }
}

std::optional<WindowSpeed> speed_of(const std::vector<Sample>& samples, Work Sample::*work) {
  Work all;
  std::vector<double> speeds;
  for (const Sample& sample : samples) {
    all = sum(all, sample.*work);
    if (const std::optional<double> speed = (sample.*work).speed()) {
      speeds.push_back(*speed);
    }
  }
  const std::optional<double> speed = all.speed();
  if (!speed) {
    return std::nullopt;
  }
  constexpr std::size_t least = 3;
  return WindowSpeed{*speed,
                     speeds.size() >= least ? std::optional(deviation(speeds)) : std::nullopt};
}

}  // namespace crayon::bench
