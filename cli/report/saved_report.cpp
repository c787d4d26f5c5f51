#include "cli/report/saved_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "cli/output.h"
#include "cli/report/saved_report_fields.h"

namespace crayon::cli {
namespace {

constexpr std::uint64_t file_limit = std::uint64_t{64} << 20;
constexpr std::size_t most_rows = 1000;
constexpr std::size_t most_samples = 20'000;
constexpr std::size_t most_cores = 4096;
constexpr std::size_t least_repetitions = 3;  // for a deviation that means something
constexpr double much_other_load = 0.05;

class Reader {
 public:
  Reader(const Json& json, const std::string& path) : root_(json, shown(path)) {
    report_.file = shown(std::filesystem::path(path).filename().string());
  }

  SavedReport read() {
    if (const std::optional<Field> error = root_.find("error")) {
      throw Error(Code::malformed,
                  fmt::format("{}: a command failed, and this is its error: {}", report_.file,
                              error->find_text("message").value_or("unknown")),
                  "measure again");
    }
    if (root_.find("rows")) {
      read_bench();
    } else if (root_.find("cpus")) {
      read_doctor();
    } else {
      throw Error(Code::malformed,
                  fmt::format("{}: neither a report of bench (no rows) nor of doctor (no cpus)",
                              report_.file),
                  "give a file that `crayon bench` or `crayon doctor` wrote with --json");
    }
    return std::move(report_);
  }

 private:
  // ---- what both have
  // ----------------------------------------------------------------------------

  void fact(const char* what, const std::string& text) { report_.facts.push_back({what, text}); }
  void fact(const char* what, const std::optional<std::string>& text) {
    fact(what, text.value_or("unknown"));
  }
  void condition(const char* what, const std::string& text) {
    report_.facts.push_back({what, text, false});
  }

  void read_beneath(const Field& machine, const std::optional<std::string>& model) {
    report_.emulated = machine.find_flag("emulated");
    report_.is_virtual = machine.find_flag("virtual");
    const char* beneath = report_.emulated ? " (emulated)" : report_.is_virtual ? " (virtual)" : "";
    report_.title = model.value_or("Unknown machine") + beneath;
    fact("machine", model.value_or("unknown") + beneath);
    if (report_.emulated) {
      report_.warnings.emplace_back("emulated: these are speeds of no processor");
    }
  }

  void warn_of_throttling(const std::optional<std::string>& throttling) {
    condition("throttling", throttling.value_or("unknown"));
    if (throttling && *throttling != "no") {
      report_.warnings.push_back("held back by heat or voltage: " + *throttling);
    }
  }

  static std::string degrees(const std::optional<double>& degrees) {
    return degrees ? fmt::format("{:.0f} °C", *degrees) : "unknown";
  }

  static std::string numbers(const Field& list) {
    std::vector<std::uint64_t> numbers;
    for (const Field& number : list.elements(most_cores)) {
      numbers.push_back(number.whole());
    }
    return numbers.empty() ? "not pinned" : fmt::format("{}", fmt::join(numbers, " "));
  }

  // ---- bench
  // -------------------------------------------------------------------------------------

  void read_bench() {
    report_.kind = "bench";
    const Field model = root_["model"];
    read_bench_machine(root_["machine"], model);
    const std::vector<Field> rows = root_["rows"].elements(most_rows);
    read_settings(rows.empty() && root_.find("sustained") ? std::vector{root_["sustained"]} : rows);
    for (const Field& row : rows) {
      read_row(row);
    }
    if (const std::optional<Field> sustained = root_.find("sustained")) {
      read_sustained(*sustained);
    }
  }

  /// What the rows were run with: each different value once.
  void read_settings(const std::vector<Field>& rows) {
    for (const char* const name : {"kernels", "n_threads", "kv", "adapters"}) {
      const bool is_count = name == std::string_view("n_threads");
      std::vector<std::string> values;
      for (const Field& row : rows) {
        const std::string value = is_count ? std::to_string(row[name].whole()) : row[name].text();
        if (std::ranges::find(values, value) == values.end()) {
          values.push_back(value);
        }
      }
      fact(is_count ? "threads" : name, shown(fmt::format("{}", fmt::join(values, ", "))));
    }
  }

  void read_bench_machine(const Field& machine, const Field& model) {
    read_beneath(machine, machine.find_text("model"));
    const std::string path = model["path"].text();
    const std::string weights = model["weights"].text();
    report_.title += ", " + std::filesystem::path(path).filename().string() + " " + weights;
    fact("model", path);
    fact("model id", model["id"].text().substr(0, 16));
    fact("weights",
         fmt::format("{}, {:.1f} M parameters, {}", weights, model["parameters"].number() / 1e6,
                     bytes_text(model["file_bytes"].whole())));
    fact("build", fmt::format("crayon {}, {}", root_["build"]["version"].text(),
                              root_["build"]["compiler"].text()));
    fact("governor", machine.find_text("governor"));
    fact("processors", numbers(machine["pinned_to"]));
    condition("memory", "peak " + bytes_text(root_["memory"]["peak_rss_bytes"].whole()));
    condition("temperature", degrees(machine.find_number("degrees_before")) + " before, " +
                                 degrees(machine.find_number("degrees_after")) + " after");
    warn_of_throttling(machine.find_text("throttling"));
    read_other_load(machine.find_number("other_load"));
  }

  void read_other_load(const std::optional<double>& load) {
    const std::string text =
        load ? fmt::format("{:.1f} % of the processors", 100 * *load) : "unknown";
    condition("other programs", text);
    if (load.value_or(0) > much_other_load) {
      report_.warnings.push_back("other programs used " + text + " meanwhile");
    }
  }

  static std::string brief_of(const Field& row) {
    const std::uint64_t threads = row["n_threads"].whole();
    return fmt::format("{}, {} thread{}", row["kernels"].text(), threads, threads == 1 ? "" : "s");
  }
  static std::string setting_of(const Field& row) {
    return fmt::format("{}, kv {}, adapters {}", brief_of(row), row["kv"].text(),
                       row["adapters"].text());
  }

  void read_row(const Field& row) {
    SavedSpeed speed{row["test"].text(), setting_of(row), "t/s", row["median_ts"].number()};
    if (row["samples_ts"].elements(most_samples).size() >= least_repetitions) {
      speed.deviation = row["stddev_ts"].number();
    }
    speed.brief = brief_of(row);
    speed.share = row.find_number("bandwidth_share");
    speed.bandwidth = row.find_number("read_bytes_per_second");
    if (const std::optional<Field> times = row.find("token_ms")) {
      speed.p50 = (*times)["p50"].number();
      speed.p95 = (*times)["p95"].number();
    }
    report_.speeds.push_back(std::move(speed));
  }

  void read_sustained(const Field& sustained) {
    const std::string setting = setting_of(sustained);
    const double window = sustained["window_seconds"].number();
    for (const char* const kind : {"decode", "prefill"}) {
      if (const std::optional<Field> work = sustained.find(kind)) {
        const bool decodes = kind == std::string_view("decode");
        const auto share = decodes ? sustained.find("bandwidth_share") : std::nullopt;
        read_windows(*work, setting, window, share, sustained["read_bytes_per_second"]);
      }
    }
    fact("ran", fmt::format("{:.0f} s of {:.0f} s{}", sustained["seconds"].number(),
                            sustained["asked_seconds"].number(),
                            sustained["interrupted"].flag() ? ", interrupted" : ""));
    condition("hottest", degrees(sustained.find_number("hottest_degrees")));
    read_power(sustained["power"]);
    read_throttling(sustained.find("throttling"));
    for (const Field& sample : sustained["samples"].elements(most_samples)) {
      read_sample(sample);
    }
  }

  /// The two ends of a long run, and what a token costs.
  void read_windows(const Field& work, const std::string& setting, double window,
                    const std::optional<Field>& share, const Field& bandwidth) {
    const std::string test = work["test"].text();
    const auto add_end = [&](const std::string& which, const char* mean, const char* deviation) {
      if (const std::optional<double> value = work.find_number(mean)) {
        SavedSpeed speed{fmt::format("{} in the {} {:.0f} s", test, which, window), setting, "t/s",
                         *value, work.find_number(deviation)};
        speed.share = share ? share->find_number(which.c_str()) : std::nullopt;
        speed.bandwidth = bandwidth[which == "first" ? "before" : "after"].number();
        report_.speeds.push_back(std::move(speed));
      }
    };
    add_end("first", "first_ts", "first_stddev_ts");
    add_end("last", "last_ts", "last_stddev_ts");
    const auto add = [&](const char* field, const char* name, const char* unit) {
      if (const std::optional<double> value = work.find_number(field)) {
        report_.speeds.push_back({test + name, setting, unit, *value});
      }
    };
    add("last_to_first", ", last to first", "ratio");
    add("joules_per_token", " energy", "J/token");
    add("lowest_ts", " at its lowest", "t/s");
  }

  void read_throttling(const std::optional<Field>& changes) {
    std::vector<std::string> texts;
    for (const Field& change : changes ? changes->elements(most_rows) : std::vector<Field>()) {
      texts.push_back(
          fmt::format("{} from {:.0f} s on", change["what"].text(), change["seconds"].number()));
    }
    if (changes) {
      condition("during the run", texts.empty() ? "never held back"
                                                : shown(fmt::format("{}", fmt::join(texts, "; "))));
    }
  }

  void read_power(const Field& power) {
    fact("power sensor", power.find_text("source").value_or("none"));
    if (const std::optional<double> watts = power.find_number("mean_watts")) {
      condition("power", fmt::format("{:.2f} W in the mean", *watts));
    }
  }

  void read_sample(const Field& field) {
    SavedSample sample;
    sample.begin = field["begin"].number();
    sample.end = field["end"].number();
    const double before = report_.samples.empty() ? 0 : report_.samples.back().end;
    if (sample.begin < before || sample.end < sample.begin) {
      throw Error(Code::malformed,
                  fmt::format("{}: a sample from {} to {} s behind one that ends at {} s",
                              report_.file, sample.begin, sample.end, before),
                  "measure again");
    }
    sample.decode = field.find_number("decode_ts");
    sample.prefill = field.find_number("prefill_ts");
    sample.degrees = field.find_number("degrees");
    const std::optional<double> khz = field.find_number("khz");
    sample.megahertz = khz ? std::optional(*khz / 1000) : std::nullopt;
    sample.watts = field.find_number("watts");
    sample.throttled = field.find_flag("throttled");
    report_.samples.push_back(sample);
  }

  // ---- doctor
  // ------------------------------------------------------------------------------------

  void read_doctor() {
    report_.kind = "doctor";
    read_beneath(root_, root_.find_text("machine"));
    fact("build", "crayon " + root_["version"].text());
    std::vector<std::string> features;
    for (const Field& feature : root_["features"].elements(most_rows)) {
      features.push_back(feature.text());
    }
    fact("features", features.empty() ? "none" : fmt::format("{}", fmt::join(features, " ")));
    fact("kernels", root_["chosen"].text());
    fact("threads", std::to_string(root_["threads"].whole()));
    fact("processors", numbers(root_["pinned_to"]));
    read_cores();
    fact("memory", bytes_text(root_["memory_bytes"].whole()));
    condition("free memory", bytes_text(root_["free_memory_bytes"].whole()));
    fact("huge pages", root_.find_text("huge_pages"));
    read_temperatures();
    warn_of_throttling(root_.find_text("throttling"));
    fact("power sensor", root_.find_text("power").value_or("none"));
    if (const std::optional<Field> reads = root_.find("read_bytes_per_second")) {
      for (const auto& [field, name] : {std::pair("one_thread", "memory reads, 1 thread"),
                                        std::pair("all_threads", "memory reads, all threads")}) {
        report_.speeds.push_back({name, "", "GB/s", (*reads)[field].number() / 1e9});
      }
    }
  }

  /// "4 x Cortex-A76 up to 2400 MHz, governor ondemand", a fact for each kind of core.
  void read_cores() {
    std::vector<std::pair<std::string, std::size_t>> kinds;
    for (const Field& cpu : root_["cpus"].elements(most_cores)) {
      const std::optional<double> khz = cpu.find_number("max_khz");
      const std::string kind =
          fmt::format("{}{}, governor {}", cpu.find_text("model").value_or("model unknown"),
                      khz ? fmt::format(" up to {:.0f} MHz", *khz / 1000) : "",
                      cpu.find_text("governor").value_or("unknown"));
      if (kinds.empty() || kinds.back().first != kind) {
        kinds.emplace_back(kind, 0);
      }
      ++kinds.back().second;
    }
    std::vector<std::string> texts;
    for (const auto& [kind, count] : kinds) {
      texts.push_back(fmt::format("{} x {}", count, kind));
    }
    fact("cores", shown(fmt::format("{}", fmt::join(texts, "; "))));
  }

  void read_temperatures() {
    const Field zones = root_["temperatures"];
    std::vector<std::string> texts;
    for (const std::string& name : zones.names(most_rows)) {
      texts.push_back(shown(name) + " " + degrees(zones[name.c_str()].number()));
    }
    condition("temperature",
              texts.empty() ? "unknown" : shown(fmt::format("{}", fmt::join(texts, ", "))));
  }

  Field root_;
  SavedReport report_;
};

}  // namespace

SavedReport read_saved_report(const std::string& path) {
  const std::string text = read_text(path, file_limit);
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(Code::malformed, fmt::format("{}: no JSON: {}", shown(path), shown(error.what())),
                "give a file that `crayon bench` or `crayon doctor` wrote with --json");
  }
  return Reader(json, path).read();
}

}  // namespace crayon::cli
