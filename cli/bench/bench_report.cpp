#include "cli/bench/bench_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/machine_description.h"

namespace crayon::cli {
namespace {

constexpr double mega = 1e6;
constexpr double giga = 1e9;

std::string compiler() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#else
  return "GCC " __VERSION__;
#endif
}

Json row_json(const BenchRow& row) {
  Json json{{"test", row.test.name()},
            {"n_prompt", row.test.prompt},
            {"n_gen", row.test.decode},
            {"n_sequences", row.test.sequences},
            {"n_threads", row.threads},
            {"kernels", row.kernels},
            {"adapters", row.adapters},
            {"kv", row.kv},
            {"avg_ts", row.speeds.mean},
            {"stddev_ts", row.speeds.deviation},
            {"median_ts", row.speeds.median},
            {"samples_ts", row.speeds.samples},
            {"read_bytes_per_second", row.bandwidth}};
  if (row.test.decode != 0) {
    json["bytes_per_token"] = row.bytes_per_token;
    json["token_ms"] = {{"p50", row.tokens.p50}, {"p95", row.tokens.p95}, {"p99", row.tokens.p99}};
    json["bandwidth_share"] = json_of(row.share());
  } else {
    json["first_token_ms"] = 1000 * row.test.prompt / std::max(row.speeds.median, 1e-9);
  }
  return json;
}

Json ratios_json(const std::vector<BenchRatio>& ratios) {
  Json json = Json::array();
  for (const BenchRatio& ratio : ratios) {
    json.push_back({{"test", ratio.test},
                    {"n_threads", ratio.threads},
                    {"what", ratio.what},
                    {"beside", ratio.beside},
                    {"ratio", ratio.ratio}});
  }
  return json;
}

void print_speeds(const BenchReport& report) {
  print("| model | size | kernels | threads | kv | adapters | test | t/s | median |\n");
  print("|---|---:|---|---:|---|---|---:|---:|---:|\n");
  const std::string size = bytes_text(report.weight_bytes);
  for (const BenchRow& row : report.rows) {
    print(fmt::format("| {} {} | {} | {} | {} | {} | {} | {} | {:.2f} ± {:.2f} | {:.2f} |\n",
                      report.path, report.weights, size, row.kernels, row.threads, row.kv,
                      row.adapters, row.test.name(), row.speeds.mean, row.speeds.deviation,
                      row.speeds.median));
  }
}

void print_tokens(const BenchReport& report) {
  print(
      "\n| test | kernels | threads | adapters | ms/token p50 | p95 | p99 | MB/token | GB/s | "
      "read limit GB/s | share |\n");
  print("|---:|---|---:|---|---:|---:|---:|---:|---:|---:|---:|\n");
  for (const BenchRow& row : report.rows) {
    const std::optional<double> share = row.share();
    if (share) {
      print(fmt::format(
          "| {} | {} | {} | {} | {:.2f} | {:.2f} | {:.2f} | {:.1f} | {:.2f} | "
          "{:.2f} | {} |\n",
          row.test.name(), row.kernels, row.threads, row.adapters, row.tokens.p50, row.tokens.p95,
          row.tokens.p99, static_cast<double>(row.bytes_per_token) / mega,
          *share * row.bandwidth / giga, row.bandwidth / giga, percent_text(share)));
    }
  }
}

void print_ratios(const BenchReport& report) {
  print(report.kernel_ratios.empty() && report.adapter_ratios.empty() ? "" : "\n");
  for (const BenchRatio& ratio : report.kernel_ratios) {
    print(fmt::format("{}, {} threads: {} is {:.3f} x {}\n", ratio.test, ratio.threads, ratio.what,
                      ratio.ratio, ratio.beside));
  }
  for (const BenchRatio& ratio : report.adapter_ratios) {
    print(fmt::format("{}, {} threads, {}: {} costs {:.1f} %\n", ratio.test, ratio.threads,
                      ratio.beside, ratio.what, 100 * (1 - ratio.ratio)));
  }
}

void print_circumstances(const BenchReport& report) {
  print(fmt::format("\nmemory    peak {}: weights {}, KV cache {}, adapters {}, beyond {}\n",
                    bytes_text(report.peak_rss), bytes_text(report.weight_bytes),
                    bytes_text(report.kv_bytes), bytes_text(report.adapter_bytes),
                    bytes_text(report.beyond())));
  for (const BenchRow& row : report.rows) {
    if (row.test.decode == 0) {
      print(fmt::format("first     token of {} after {:.1f} ms ({}, {} threads, adapters {})\n",
                        row.test.prompt, 1000 * row.test.prompt / row.speeds.median, row.kernels,
                        row.threads, row.adapters));
    }
  }
  if (report.speculation.speculate != 0) {
    print(fmt::format("guesses   {}\n", report.speculation.text()));
  }
  print(fmt::format("threads   {}\n", report.placement.text()));
  print(fmt::format("machine   {}; governor {}; {} before, {} after; throttling {}\n",
                    machine_text(report.machine, report.emulation), text_of(report.governor),
                    degrees_text(report.before.degrees), degrees_text(report.after.degrees),
                    text_of(report.after.throttling)));
  print(fmt::format("others    used {} of the processors\n", percent_text(report.other_load)));
  print(fmt::format(
      "build     crayon {}, {}; {}\n", CRAYON_VERSION, compiler(),
      report.sustained ? "one long run" : fmt::format("{} repetitions", report.repetitions)));
}

}  // namespace

std::optional<double> BenchRow::share() const {
  if (test.decode == 0 || test.prompt != 0 || bandwidth <= 0) {
    return std::nullopt;
  }
  return static_cast<double>(bytes_per_token) * speeds.median / bandwidth;
}

std::uint64_t BenchReport::beyond() const {
  const std::uint64_t known = weight_bytes + kv_bytes + adapter_bytes;
  return peak_rss > known ? peak_rss - known : 0;
}

void print_bench_markdown(const BenchReport& report) {
  if (report.sustained) {
    print_sustained_markdown(*report.sustained, report.path + " " + report.weights);
  } else {
    print_speeds(report);
    print_tokens(report);
    print_ratios(report);
  }
  print_circumstances(report);
}

void print_bench_json(const BenchReport& report) {
  Json rows = Json::array();
  for (const BenchRow& row : report.rows) {
    rows.push_back(row_json(row));
  }
  print_json(
      {{"build", {{"version", CRAYON_VERSION}, {"compiler", compiler()}}},
       {"model",
        {{"path", report.path},
         {"id", report.id},
         {"weights", report.weights},
         {"parameters", report.parameters},
         {"file_bytes", report.file_bytes}}},
       {"memory",
        {{"peak_rss_bytes", report.peak_rss},
         {"weight_bytes", report.weight_bytes},
         {"kv_bytes", report.kv_bytes},
         {"adapter_bytes", report.adapter_bytes},
         {"beyond_bytes", report.beyond()}}},
       {"machine",
        {{"model", json_of(report.machine)},
         {"governor", json_of(report.governor)},
         {"pinned_to", report.placement.cpus},
         {"why_pinned", report.placement.reason},
         {"degrees_before", json_of(report.before.degrees)},
         {"degrees_after", json_of(report.after.degrees)},
         {"throttling", json_of(report.after.throttling)},
         {"other_load", json_of(report.other_load)},
         {"emulated", report.emulation.is_emulated()},
         {"virtual", report.emulation.is_virtual()}}},
       {"repetitions", report.repetitions},
       {"rows", rows},
       {"kernel_ratios", ratios_json(report.kernel_ratios)},
       {"adapter_ratios", ratios_json(report.adapter_ratios)},
       {"speculation", report.speculation.speculate == 0 ? Json() : report.speculation.json()},
       {"sustained", report.sustained ? sustained_json(*report.sustained) : Json()}});
}

void print_bench_csv(const BenchReport& report) {
  if (report.sustained) {
    return print_sustained_csv(*report.sustained);
  }
  print(
      "model,weights,weight_bytes,kernels,n_threads,kv,adapters,test,n_prompt,n_gen,n_sequences,"
      "avg_ts,stddev_ts,median_ts,p50_ms,p95_ms,p99_ms,bytes_per_token,read_bytes_per_second,"
      "bandwidth_share,peak_rss_bytes,other_load\n");
  const auto field = [](const std::optional<double>& number) {
    return number ? fmt::format("{:.6g}", *number) : std::string();
  };
  for (const BenchRow& row : report.rows) {
    print(fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{},"
        "{:.6g},{},{},{}\n",
        csv_field(report.path), report.weights, report.weight_bytes, row.kernels, row.threads,
        row.kv, csv_field(row.adapters), row.test.name(), row.test.prompt, row.test.decode,
        row.test.sequences, row.speeds.mean, row.speeds.deviation, row.speeds.median,
        row.tokens.p50, row.tokens.p95, row.tokens.p99, row.bytes_per_token, row.bandwidth,
        field(row.share()), report.peak_rss, field(report.other_load)));
  }
}

}  // namespace crayon::cli
