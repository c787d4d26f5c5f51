#include "cli/bench/sustained_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/machine_description.h"
#include "runtime/bench/plan.h"

namespace crayon::cli {
namespace {

using bench::Sample;
using bench::Series;
using bench::WindowSpeed;
using SomeWork = bench::Work Sample::*;

constexpr double giga = 1e9;
constexpr std::size_t table_lines = 12;

/// One kind of work that a run did.
struct Kind {
  const char* name;  ///< of its field in JSON
  bench::Test test;
  SomeWork work;
};

std::vector<Kind> kinds_of(const SustainedReport& report) {
  std::vector<Kind> kinds;
  if (report.decode != 0) {
    kinds.push_back({"decode", {0, report.decode}, &Sample::decode});
  }
  if (report.prompt != 0) {
    kinds.push_back({"prefill", {report.prompt, 0}, &Sample::prefill});
  }
  return kinds;
}

/// "8:20"
std::string time_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::lround(seconds));
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string number_text(const std::optional<double>& number, int digits = 2) {
  return number ? fmt::format("{:.{}f}", *number, digits) : "";
}

std::string speed_text(const std::optional<WindowSpeed>& speed) {
  if (!speed) {
    return "unknown";
  }
  return speed->deviation ? fmt::format("{:.2f} ± {:.2f}", speed->mean, *speed->deviation)
                          : number_text(speed->mean);
}

/// Speed in the last window, in parts of that in the first one.
std::optional<double> last_to_first(const Series& series, SomeWork work) {
  const std::optional<WindowSpeed> first = speed_of(series.first(), work);
  const std::optional<WindowSpeed> last = speed_of(series.last(), work);
  return first && last && first->mean > 0 ? std::optional(last->mean / first->mean) : std::nullopt;
}

/// "1800 MHz"
std::string mean_clock(const std::vector<Sample>& samples) {
  double sum = 0, told = 0;
  for (const Sample& sample : samples) {
    sum += sample.khz.value_or(0) / 1000;
    told += sample.khz ? 1 : 0;
  }
  return told > 0 ? fmt::format("{:.0f} MHz", sum / told) : "unknown";
}

void print_speeds(const SustainedReport& report, const std::string& model) {
  const Series& series = report.series;
  const auto window = static_cast<int>(std::lround(series.window()));
  print(
      fmt::format("| model | kernels | threads | kv | adapters | test | t/s | first {0} s | "
                  "last {0} s | change | lowest of {1} s |\n",
                  window, Series::lowest_seconds));
  print("|---|---|---:|---|---|---|---:|---:|---:|---:|---:|\n");
  for (const Kind& kind : kinds_of(report)) {
    const std::optional<double> change = last_to_first(series, kind.work);
    const std::optional<bench::Lowest> lowest = series.lowest(kind.work);
    print(fmt::format(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", model, report.kernels,
        report.threads, report.kv, report.adapters, kind.test.name(),
        number_text((series.whole().*kind.work).speed()),
        speed_text(speed_of(series.first(), kind.work)),
        speed_text(speed_of(series.last(), kind.work)),
        change ? fmt::format("{:+.1f} %", 100 * (*change - 1)) : "unknown",
        lowest ? fmt::format("{:.2f} at {}", lowest->speed, time_text(lowest->end)) : "unknown"));
  }
}

void print_course(const Series& series) {
  print("\n| until | decode t/s | prefill t/s | C | MHz | W | throttled |\n");
  print("|---:|---:|---:|---:|---:|---:|---|\n");
  for (const Sample& sample : series.condensed(table_lines)) {
    const char* throttled = series.knows_throttling() ? "no" : "";
    print(fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", time_text(sample.end),
                      number_text(sample.decode.speed()), number_text(sample.prefill.speed()),
                      number_text(sample.degrees, 0),
                      sample.khz ? fmt::format("{:.0f}", *sample.khz / 1000) : "",
                      number_text(sample.watts), sample.slowed ? "yes" : throttled));
  }
}

std::string throttling_text(const Series& series) {
  if (!series.knows_throttling()) {
    return "unknown";
  }
  std::string text;
  for (const bench::ThrottlingChange& change : series.throttling()) {
    text +=
        fmt::format("{}{} at {}", text.empty() ? "" : "; ", change.what, time_text(change.seconds));
  }
  return text.empty() ? "no" : text;
}

std::string energy_text(const SustainedReport& report) {
  if (!report.mean_watts) {
    return report.power_source ? "unknown: " + *report.power_source + " gave no two readings"
                               : "unknown: no sensor that can be read";
  }
  std::string text = fmt::format("{:.2f} W by {}", *report.mean_watts, *report.power_source);
  for (const Kind& kind : kinds_of(report)) {
    text += fmt::format("; {} J a token of {}", number_text(report.joules_per_token(kind.work), 4),
                        kind.test.name());
  }
  return text;
}

Json kind_json(const Series& series, const Kind& kind) {
  const auto first = speed_of(series.first(), kind.work);
  const auto last = speed_of(series.last(), kind.work);
  const auto lowest = series.lowest(kind.work);
  const bench::Work all = series.whole().*kind.work;
  return {{"test", kind.test.name()},
          {"tokens", all.tokens},
          {"avg_ts", json_of(all.speed())},
          {"first_ts", first ? Json(first->mean) : Json()},
          {"first_stddev_ts", first ? json_of(first->deviation) : Json()},
          {"last_ts", last ? Json(last->mean) : Json()},
          {"last_stddev_ts", last ? json_of(last->deviation) : Json()},
          {"last_to_first", json_of(last_to_first(series, kind.work))},
          {"lowest_ts", lowest ? Json(lowest->speed) : Json()},
          {"lowest_at", lowest ? Json(lowest->end) : Json()}};
}

Json samples_json(const Series& series) {
  Json samples = Json::array();
  for (const Sample& sample : series.samples()) {
    samples.push_back({{"begin", sample.begin},
                       {"end", sample.end},
                       {"decode_ts", json_of(sample.decode.speed())},
                       {"prefill_ts", json_of(sample.prefill.speed())},
                       {"degrees", json_of(sample.degrees)},
                       {"khz", json_of(sample.khz)},
                       {"watts", json_of(sample.watts)},
                       {"throttled", series.knows_throttling() ? Json(sample.slowed) : Json()}});
  }
  return samples;
}

Json throttling_json(const Series& series) {
  if (!series.knows_throttling()) {
    return {};
  }
  Json changes = Json::array();
  for (const bench::ThrottlingChange& change : series.throttling()) {
    changes.push_back({{"seconds", change.seconds}, {"what", change.what}});
  }
  return changes;
}

std::optional<double> share(const SustainedReport& report, const std::vector<Sample>& samples,
                            double bandwidth) {
  const std::optional<WindowSpeed> speed = speed_of(samples, &Sample::decode);
  return speed && bandwidth > 0
             ? std::optional(static_cast<double>(report.bytes_per_token) * speed->mean / bandwidth)
             : std::nullopt;
}

}  // namespace

std::optional<double> SustainedReport::share_at_first() const {
  return share(*this, series.first(), bandwidth_before);
}

std::optional<double> SustainedReport::share_at_last() const {
  return share(*this, series.last(), bandwidth_after);
}

std::optional<double> SustainedReport::joules_per_token(SomeWork work) const {
  const std::optional<double> speed = (series.whole().*work).speed();
  return speed && mean_watts ? std::optional(*mean_watts / *speed) : std::nullopt;
}

void print_sustained_markdown(const SustainedReport& report, const std::string& model) {
  const Series& series = report.series;
  print_speeds(report, model);
  print_course(series);
  print(fmt::format("\nran       {} of {}{}\n", time_text(series.whole().end),
                    time_text(report.asked_seconds), report.interrupted ? ", interrupted" : ""));
  const std::optional<double> hottest = series.whole().degrees;
  print(fmt::format("heat      {}{}; throttling {}\n", degrees_text(hottest),
                    hottest ? " at most" : "", throttling_text(series)));
  print(fmt::format("clock     {} at first, {} at last\n", mean_clock(series.first()),
                    mean_clock(series.last())));
  print(fmt::format("power     {}\n", energy_text(report)));
  print(fmt::format("reads     {:.2f} GB/s before, {:.2f} after", report.bandwidth_before / giga,
                    report.bandwidth_after / giga));
  print(report.decode == 0 ? "\n"
                           : fmt::format("; decoding reached {} of it at first, {} at last\n",
                                         percent_text(report.share_at_first()),
                                         percent_text(report.share_at_last())));
}

void print_sustained_csv(const SustainedReport& report) {
  print("begin,end,decode_ts,prefill_ts,degrees,khz,watts,throttled\n");
  for (const Sample& sample : report.series.samples()) {
    print(fmt::format("{:.3f},{:.3f},{},{},{},{},{},{}\n", sample.begin, sample.end,
                      number_text(sample.decode.speed(), 4), number_text(sample.prefill.speed(), 4),
                      number_text(sample.degrees, 1), number_text(sample.khz, 0),
                      number_text(sample.watts, 3),
                      report.series.knows_throttling() ? (sample.slowed ? "1" : "0") : ""));
  }
}

Json sustained_json(const SustainedReport& report) {
  const Series& series = report.series;
  Json json{{"asked_seconds", report.asked_seconds},
            {"seconds", series.whole().end},
            {"interrupted", report.interrupted},
            {"n_threads", report.threads},
            {"kernels", report.kernels},
            {"adapters", report.adapters},
            {"kv", report.kv},
            {"window_seconds", series.window()},
            {"decode", Json()},
            {"prefill", Json()}};
  for (const Kind& kind : kinds_of(report)) {
    json[kind.name] = kind_json(series, kind);
    json[kind.name]["joules_per_token"] = json_of(report.joules_per_token(kind.work));
  }
  json["bytes_per_token"] = report.decode == 0 ? Json() : Json(report.bytes_per_token);
  json["read_bytes_per_second"] = {{"before", report.bandwidth_before},
                                   {"after", report.bandwidth_after}};
  json["bandwidth_share"] = {{"first", json_of(report.share_at_first())},
                             {"last", json_of(report.share_at_last())}};
  json["hottest_degrees"] = json_of(series.whole().degrees);
  json["throttling"] = throttling_json(series);
  json["power"] = {{"source", json_of(report.power_source)},
                   {"mean_watts", json_of(report.mean_watts)}};
  json["samples"] = samples_json(series);
  return json;
}

}  // namespace crayon::cli
