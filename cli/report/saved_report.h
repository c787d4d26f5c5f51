#pragma once

#include <optional>
#include <string>
#include <vector>

namespace crayon::cli {

/// One thing that a report says about its machine, model or circumstances.
struct SavedFact {
  std::string what;
  std::string text;
  /// Whether it was chosen or given, as a machine and its settings are, and not met on the day, as
  /// temperatures are.
  bool setting = true;
};

/// One figure of a report: a speed, or another that repetitions give a spread to.
struct SavedSpeed {
  std::string name;     ///< "tg128", "tg128 in the first 60 s"
  std::string setting;  ///< "neon, 4 threads, kv f16, adapters none"
  std::string unit;     ///< "t/s"
  double value = 0;     ///< the median where there are repetitions
  /// Standard deviation of three repetitions or more; of fewer it says nothing.
  std::optional<double> deviation = {};
  std::string brief = {};                    ///< the setting in few words: "neon, 4 threads"
  std::optional<double> share = {};          ///< of the memory's bandwidth
  std::optional<double> bandwidth = {};      ///< bytes a second that memory gave
  std::optional<double> p50 = {}, p95 = {};  ///< milliseconds a token
};

/// A stretch of a long run.
struct SavedSample {
  double begin = 0, end = 0;              ///< seconds
  std::optional<double> decode, prefill;  ///< tokens a second
  std::optional<double> degrees, megahertz, watts;
  bool throttled = false;
};

/// A report that `bench` or `doctor` printed with --json.
struct SavedReport {
  std::string file;   ///< its name, as shown() has it
  std::string kind;   ///< "bench" or "doctor"
  std::string title;  ///< the machine, and of a bench the model
  bool emulated = false;
  bool is_virtual = false;
  std::vector<SavedFact> facts;
  std::vector<SavedSpeed> speeds;
  std::vector<SavedSample> samples;   ///< of a sustained run
  std::vector<std::string> warnings;  ///< what makes its figures doubtful
};

/// Throws what read_text() does, and malformed or over_limit, saying where, for what is no report.
SavedReport read_saved_report(const std::string& path);

}  // namespace crayon::cli
