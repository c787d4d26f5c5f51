#include "cli/report/report_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/machine_description.h"

namespace crayon::cli {
namespace {

std::vector<Difference> differences_of(const SavedReport& a, const SavedReport& b) {
  std::vector<Difference> differences;
  if (a.kind != b.kind) {
    differences.push_back({"report", "of " + a.kind, "of " + b.kind});
  }
  for (const SavedFact& of_a : a.facts) {
    const auto of_b =
        std::ranges::find_if(b.facts, [&](const SavedFact& f) { return f.what == of_a.what; });
    if (of_a.setting && of_b != b.facts.end() && of_a.text != of_b->text) {
      differences.push_back({of_a.what, of_a.text, of_b->text});
    }
  }
  return differences;
}

/// The relative deviation of a figure.
std::optional<double> relative(const SavedSpeed& speed) {
  return speed.deviation && speed.value > 0 ? std::optional(*speed.deviation / speed.value)
                                            : std::nullopt;
}

SpeedPair pair_of(const SavedSpeed& a, const SavedSpeed& b) {
  SpeedPair pair{&a, &b};
  pair.ratio = a.value > 0 ? b.value / a.value : 0;
  const std::optional<double> of_a = relative(a), of_b = relative(b);
  if (!of_a || !of_b) {
    return pair;
  }
  // The deviation of one repetition, and not of their mean: what the machine does from one minute
  // to the next meets all repetitions of a run alike, so more of them make no surer verdict.
  const double noise = std::hypot(*of_a, *of_b);
  pair.noise = pair.ratio * noise;
  // By logarithms, so that the answer is the same whichever report is called A.
  if (std::abs(std::log(pair.ratio)) <= ReportComparison::beyond_noise * noise) {
    pair.verdict = Verdict::same;
  } else {
    pair.verdict = pair.ratio > 1 ? Verdict::b_more : Verdict::a_more;
  }
  return pair;
}

std::vector<SpeedPair> pairs_of(const std::vector<SavedSpeed>& a,
                                const std::vector<SavedSpeed>& b) {
  std::vector<const SavedSpeed*> partners(a.size(), nullptr);
  std::vector<bool> taken(b.size(), false);
  const auto pair_up = [&](bool same_setting) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t j = 0; j < b.size() && partners[i] == nullptr; ++j) {
        if (!taken[j] && a[i].name == b[j].name && a[i].unit == b[j].unit &&
            (!same_setting || a[i].setting == b[j].setting)) {
          partners[i] = &b[j];
          taken[j] = true;
        }
      }
    }
  };
  pair_up(true);
  pair_up(false);
  std::vector<SpeedPair> pairs;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (partners[i] != nullptr) {
      pairs.push_back(pair_of(a[i], *partners[i]));
    }
  }
  return pairs;
}

void print_head(const char* letter, const SavedReport& report) {
  print(fmt::format("{}{}: {} of {}\n", letter, report.file, report.kind, report.title));
  for (const std::string& warning : report.warnings) {
    print(fmt::format("{}  ! {}\n", std::string(std::string_view(letter).size(), ' '), warning));
  }
}

std::string setting_text(const SpeedPair& pair) {
  return pair.a->setting == pair.b->setting
             ? pair.a->setting
             : fmt::format("A {}; B {}", pair.a->setting, pair.b->setting);
}

Json facts_json(const SavedReport& report) {
  Json facts = Json::object();
  for (const SavedFact& fact : report.facts) {
    facts[fact.what] = fact.text;
  }
  return facts;
}

const char* verdict_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::same:
      return "same";
    case Verdict::a_more:
      return "a";
    case Verdict::b_more:
      return "b";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

}  // namespace

ReportComparison compare_reports(const SavedReport& a, const SavedReport& b) {
  return {a, b, differences_of(a, b), pairs_of(a.speeds, b.speeds)};
}

std::string verdict_text(const SpeedPair& pair) {
  switch (pair.verdict) {
    case Verdict::same:
      return "within the noise";
    case Verdict::a_more:
      return "A is faster";
    case Verdict::b_more:
      return "B is faster";
    case Verdict::unknown:
      break;
  }
  return "noise unknown";
}

std::string ratio_text(const SpeedPair& pair) {
  return pair.noise ? fmt::format("{:.3f} ± {:.3f}", pair.ratio, *pair.noise)
                    : fmt::format("{:.3f}", pair.ratio);
}

std::string value_text(const SavedSpeed& speed) {
  const int digits = std::abs(speed.value) < 1 ? 4 : std::abs(speed.value) < 1000 ? 2 : 0;
  return speed.deviation
             ? fmt::format("{:.{}f} ± {:.{}f}", speed.value, digits, *speed.deviation, digits)
             : fmt::format("{:.{}f}", speed.value, digits);
}

void print_report(const SavedReport& report) {
  print_head("", report);
  for (const SavedFact& fact : report.facts) {
    print(fmt::format("{:<16}{}\n", fact.what, fact.text));
  }
  print("\n| figure | value | unit | of the bandwidth | setting |\n|---|---:|---|---:|---|\n");
  for (const SavedSpeed& speed : report.speeds) {
    print(fmt::format("| {} | {} | {} | {} | {} |\n", speed.name, value_text(speed), speed.unit,
                      speed.share ? percent_text(speed.share) : "", speed.setting));
  }
}

void print_comparison(const ReportComparison& comparison) {
  print_head("A  ", comparison.a);
  print_head("B  ", comparison.b);
  print("\n| differs | A | B |\n|---|---|---|\n");
  for (const Difference& difference : comparison.differences) {
    print(fmt::format("| {} | {} | {} |\n", difference.what, difference.a, difference.b));
  }
  print("\n| figure | A | B | unit | B / A | verdict | setting |\n");
  print("|---|---:|---:|---|---:|---|---|\n");
  for (const SpeedPair& pair : comparison.pairs) {
    print(fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", pair.a->name, value_text(*pair.a),
                      value_text(*pair.b), pair.a->unit, ratio_text(pair), verdict_text(pair),
                      setting_text(pair)));
  }
}

Json report_json(const SavedReport& report) {
  Json speeds = Json::array();
  for (const SavedSpeed& speed : report.speeds) {
    speeds.push_back({{"name", speed.name},
                      {"setting", speed.setting},
                      {"unit", speed.unit},
                      {"value", speed.value},
                      {"stddev", json_of(speed.deviation)},
                      {"bandwidth_share", json_of(speed.share)}});
  }
  return {{"file", report.file},          {"kind", report.kind},
          {"title", report.title},        {"emulated", report.emulated},
          {"virtual", report.is_virtual}, {"warnings", report.warnings},
          {"facts", facts_json(report)},  {"speeds", speeds}};
}

Json comparison_json(const ReportComparison& comparison) {
  Json differences = Json::array();
  for (const Difference& difference : comparison.differences) {
    differences.push_back({{"what", difference.what}, {"a", difference.a}, {"b", difference.b}});
  }
  Json pairs = Json::array();
  for (const SpeedPair& pair : comparison.pairs) {
    pairs.push_back({{"name", pair.a->name},
                     {"unit", pair.a->unit},
                     {"a", pair.a->value},
                     {"b", pair.b->value},
                     {"ratio", pair.ratio},
                     {"noise", json_of(pair.noise)},
                     {"verdict", verdict_word(pair.verdict)}});
  }
  return {{"differences", differences}, {"pairs", pairs}};
}

}  // namespace crayon::cli
