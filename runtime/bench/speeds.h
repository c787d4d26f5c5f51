#pragma once

#include <optional>
#include <vector>

#include "runtime/bench/plan.h"

namespace crayon::bench {

/// What the times of a test in a lane come to. Speeds are tokens a second.
struct Speeds {
  std::vector<double> samples;  ///< one a repetition
  double mean = 0;
  double deviation = 0;
  double median = 0;
};
Speeds speeds_of(const Test& test, const Times& times);

/// How long steps of decoding took, a token of each sequence, in milliseconds.
struct TokenTimes {
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
};
TokenTimes token_times_of(const Times& times);

/// How many times as fast `times` are as `base`, by the median over pairs of runs that stood side
/// by side: what the machine did meanwhile touched both.
double ratio(const Times& times, const Times& base);

}  // namespace crayon::bench
