#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/output.h"
#include "runtime/bench/series.h"

namespace crayon::cli {

/// What `bench --sustain` found.
struct SustainedReport {
  double asked_seconds = 0;
  bool interrupted = false;
  std::uint32_t prompt = 0, decode = 0;  ///< tokens of the tests; 0: left out
  std::size_t threads = 0;
  std::string kernels;
  std::string adapters;  ///< "none", or what was attached
  std::string kv;
  bench::Series series;
  std::optional<std::string> power_source;
  std::optional<double> mean_watts;
  std::uint64_t bytes_per_token = 0;                 ///< that decoding reads
  double bandwidth_before = 0, bandwidth_after = 0;  ///< bytes a second

  /// Share of the memory's bandwidth that decoding reached at first, and of what there was at last.
  std::optional<double> share_at_first() const;
  std::optional<double> share_at_last() const;
  /// With the mean power, which idle parts of the machine take their part of.
  std::optional<double> joules_per_token(bench::Work bench::Sample::*work) const;
};

/// `model`: its name in the table.
void print_sustained_markdown(const SustainedReport& report, const std::string& model);
/// A line a sample.
void print_sustained_csv(const SustainedReport& report);
Json sustained_json(const SustainedReport& report);

}  // namespace crayon::cli
