#pragma once

#include <string>
#include <vector>

#include "cli/bench/lanes.h"
#include "cli/bench/sustained_report.h"

namespace crayon::cli {

/// Seconds of "90s", "10m" or "2h": 1 to a week. Throws bad_argument for anything else.
double parse_duration(const std::string& text);

/// One prompt and one decoding test at most, of one session each: what a long run is made of.
/// Throws bad_argument, naming the flags, for other tests.
void check_sustained(const std::vector<bench::Test>& tests);

/// Runs `tests` in the last of `lanes` for `seconds`, or until SIGINT or SIGTERM, and samples the
/// machine meanwhile. `cpus`: those that compute; empty: all that this process may use.
SustainedReport run_sustained(const std::vector<bench::Test>& tests, const BenchLanes& lanes,
                              double seconds, const std::vector<std::uint32_t>& cpus);

}  // namespace crayon::cli
