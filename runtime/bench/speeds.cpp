#include "runtime/bench/speeds.h"

#include <algorithm>

#include "runtime/bench/statistics.h"

namespace crayon::bench {

Speeds speeds_of(const Test& test, const Times& times) {
  Speeds speeds;
  for (const double seconds : times.seconds) {
    speeds.samples.push_back(seconds > 0 ? static_cast<double>(test.tokens()) / seconds : 0);
  }
  speeds.mean = mean(speeds.samples);
  speeds.deviation = deviation(speeds.samples);
  speeds.median = median(speeds.samples);
  return speeds;
}

TokenTimes token_times_of(const Times& times) {
  constexpr double milliseconds = 1000;
  const auto at = [&](double share) { return milliseconds * quantile(times.token_seconds, share); };
  return {at(0.50), at(0.95), at(0.99)};
}

double ratio(const Times& times, const Times& base) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(times.seconds.size(), base.seconds.size()); ++i) {
    if (times.seconds[i] > 0) {
      ratios.push_back(base.seconds[i] / times.seconds[i]);
    }
  }
  return median(std::move(ratios));
}

}  // namespace crayon::bench
