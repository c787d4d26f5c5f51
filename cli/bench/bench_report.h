#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/emulation.h"
#include "cli/bench/speculation.h"
#include "cli/bench/sustained_report.h"
#include "cli/output.h"
#include "cli/placement.h"
#include "runtime/bench/speeds.h"

namespace crayon::cli {

/// One test of one model as it ran: a line of the report.
struct BenchRow {
  bench::Test test;
  std::size_t threads = 0;
  std::string kernels;
  std::string adapters;  ///< "none", or what was attached
  std::string kv;
  bench::Speeds speeds;
  bench::TokenTimes tokens;           ///< of tests that decode
  std::uint64_t bytes_per_token = 0;  ///< that decoding reads, at the mean position
  double bandwidth = 0;               ///< bytes a second, the median in this run with these threads
  /// Share of the bandwidth that decoding reached; nothing of other tests.
  std::optional<double> share() const;
};

/// One lane beside another of the same run.
struct BenchRatio {
  std::string test;
  std::size_t threads = 0;
  std::string what, beside;  ///< kernels, or adapters, of the two lanes
  double ratio = 0;          ///< of speeds, the median over pairs of neighbouring runs
};

/// The state of the machine at some time.
struct MachineState {
  std::optional<double> degrees;  ///< the hottest zone
  std::optional<std::string> throttling;
};

struct BenchReport {
  std::string path;
  std::string id;
  std::string weights;  ///< type of the layers' weights
  std::uint64_t parameters = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t weight_bytes = 0;  ///< packed, in memory
  std::uint64_t kv_bytes = 0;
  std::uint64_t adapter_bytes = 0;
  std::uint64_t peak_rss = 0;  ///< of the first model loaded, before anything else was
  int repetitions = 0;
  Placement placement;
  std::optional<std::string> machine;
  Emulation emulation;
  std::optional<std::string> governor;
  MachineState before, after;
  std::optional<double> other_load;  ///< share of all processors that other programs used
  std::vector<BenchRow> rows;
  std::vector<BenchRatio> kernel_ratios;
  std::vector<BenchRatio> adapter_ratios;
  BenchSpeculation speculation;              ///< with the first number of threads and kernel set
  std::optional<SustainedReport> sustained;  ///< in the place of rows

  std::uint64_t beyond() const;  ///< peak_rss less weights, cache and adapters
};

void print_bench_markdown(const BenchReport& report);
void print_bench_json(const BenchReport& report);
void print_bench_csv(const BenchReport& report);

}  // namespace crayon::cli
