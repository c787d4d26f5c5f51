#include "cli/bench/sustained.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/affinity.h"
#include "base/energy_meter.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/machine.h"
#include "cli/progress.h"
#include "runtime/bench/sustained.h"

namespace crayon::cli {
namespace {

constexpr double bandwidth_seconds = 0.5;

/// Of its own memory, which is free again while the model runs.
double bandwidth_of(ThreadPool& threads) {
  return bench::ReadBandwidth(bench::ReadBandwidth::usual_bytes)
      .measure(threads, bandwidth_seconds);
}

/// What a long run looks at.
class Probe {
 public:
  explicit Probe(const std::vector<std::uint32_t>& cpus)
      : cpus_(cpus.empty() ? allowed_cpus() : cpus) {}

  bench::Condition read(double seconds) {
    energy_.read(seconds);
    return {hottest(files_), mean_khz(files_, cpus_), energy_.watts(), throttling(files_)};
  }
  const EnergyMeter& energy() const { return energy_; }

 private:
  SystemFiles files_;
  std::vector<std::uint32_t> cpus_;
  EnergyMeter energy_;
};

bench::SustainedPlan plan_of(const std::vector<bench::Test>& tests) {
  bench::SustainedPlan plan;
  for (const bench::Test& test : tests) {
    plan.prompt = std::max(plan.prompt, test.prompt);
    plan.decode = std::max(plan.decode, test.decode);
  }
  return plan;
}

}  // namespace

double parse_duration(const std::string& text) {
  constexpr std::uint64_t most = std::uint64_t{7} * 24 * 3600;
  const std::string unit = text.empty() ? "" : text.substr(text.size() - 1);
  const std::uint64_t factor = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  const std::string digits = text.substr(0, text.size() - unit.size());
  const bool is_number =
      !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
  const std::uint64_t number = is_number ? parse_number(digits).value_or(0) : 0;
  if (factor == 0 || number == 0 || number > most / factor) {
    throw Error(Code::bad_argument, fmt::format("--sustain {}: not a time to run", text),
                "write seconds, minutes or hours, up to a week: 90s, 10m or 2h");
  }
  return static_cast<double>(number * factor);
}

void check_sustained(const std::vector<bench::Test>& tests) {
  const auto is_prefill = [](const bench::Test& test) { return test.decode == 0; };
  const auto prefills = std::ranges::count_if(tests, is_prefill);
  const bool plain = std::ranges::all_of(tests, [](const bench::Test& test) {
    return test.sequences == 1 && (test.prompt == 0 || test.decode == 0);
  });
  if (!plain || prefills > 1 || tests.size() > static_cast<std::size_t>(prefills) + 1) {
    throw Error(Code::bad_argument, "--sustain runs one prompt and one decoding test in turns",
                "give one number to each of -p and -n, and neither --pg nor --sequences");
  }
}

SustainedReport run_sustained(const std::vector<bench::Test>& tests, const BenchLanes& lanes,
                              double seconds, const std::vector<std::uint32_t>& cpus) {
  const BenchLanes::Lane& described = lanes.lanes().back();
  const bench::Lane lane = lanes.to_run().back();
  const bench::SustainedPlan plan = plan_of(tests);
  SustainedReport report;
  report.asked_seconds = seconds;
  report.prompt = plan.prompt;
  report.decode = plan.decode;
  report.threads = lane.threads->size();
  report.kernels = lane.model->kernels().name;
  report.adapters = described.adapters;
  report.bandwidth_before = bandwidth_of(*lane.threads);
  Probe probe(cpus);
  const Interrupt interrupt;
  {
    Progress progress("sustained", "s");
    report.series = bench::run_sustained(
        plan, lane, [&](double now) { return probe.read(now); },
        [&](double now) {
          progress.update(static_cast<std::uint64_t>(now), static_cast<std::uint64_t>(seconds));
          return now < seconds && !Interrupt::came();
        });
  }
  report.interrupted = Interrupt::came();
  if (report.series.samples().empty()) {
    throw Error(Code::cancelled, "interrupted before anything was measured");
  }
  report.bandwidth_after = bandwidth_of(*lane.threads);
  report.power_source = probe.energy().source();
  report.mean_watts = probe.energy().mean_watts();
  return report;
}

}  // namespace crayon::cli
