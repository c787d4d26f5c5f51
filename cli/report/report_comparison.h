#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/report/saved_report.h"

namespace crayon::cli {

/// What two reports say differently about a setting.
struct Difference {
  std::string what, a, b;
};

/// What can be said of two figures.
enum class Verdict {
  unknown,  ///< no spread is known of one of them
  same,     ///< they differ by no more than their noise
  a_more,   ///< A's is greater, beyond the noise
  b_more
};

/// The same figure of two reports.
struct SpeedPair {
  const SavedSpeed* a;
  const SavedSpeed* b;
  double ratio = 0;                  ///< B / A
  std::optional<double> noise = {};  ///< standard deviation of the ratio, from those of A and B
  Verdict verdict = Verdict::unknown;
};

/// Two reports side by side. They must outlive it.
struct ReportComparison {
  /// Relative deviations of the ratio that its logarithm has to exceed.
  static constexpr double beyond_noise = 2;

  const SavedReport& a;
  const SavedReport& b;
  std::vector<Difference> differences;
  std::vector<SpeedPair> pairs;
};

/// Pairs each figure of A with the one of B that has its name: with the same setting when there is
/// one, else with the first that is left.
ReportComparison compare_reports(const SavedReport& a, const SavedReport& b);

/// "B is faster", "within the noise", "noise unknown"
std::string verdict_text(const SpeedPair& pair);
/// "1.234 ± 0.010"
std::string ratio_text(const SpeedPair& pair);
/// "52.31 ± 0.40"
std::string value_text(const SavedSpeed& speed);

void print_report(const SavedReport& report);
void print_comparison(const ReportComparison& comparison);
Json report_json(const SavedReport& report);
Json comparison_json(const ReportComparison& comparison);

}  // namespace crayon::cli
