#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "cli/output.h"
#include "cli/report/report_comparison.h"
#include "cli/report/report_page.h"
#include "cli/report/saved_report.h"
#include "cli/verbs.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string a;
  std::optional<std::string> b;
  std::optional<std::string> output;
};

void print_text(const std::vector<SavedReport>& reports,
                const std::optional<ReportComparison>& comparison) {
  if (comparison) {
    print_comparison(*comparison);
  } else {
    print_report(reports.front());
  }
}

void print_as_json(const std::vector<SavedReport>& reports,
                   const std::optional<ReportComparison>& comparison) {
  Json all = Json::array();
  for (const SavedReport& report : reports) {
    all.push_back(report_json(report));
  }
  print_json(
      {{"reports", all}, {"comparison", comparison ? comparison_json(*comparison) : Json()}});
}

Exit report(const Options& options, const Common& common) {
  std::vector<SavedReport> reports{read_saved_report(options.a)};
  std::optional<ReportComparison> comparison;
  if (options.b) {
    reports.push_back(read_saved_report(*options.b));
    comparison.emplace(compare_reports(reports[0], reports[1]));
  }
  if (options.output) {
    write_text(*options.output, report_page(reports, comparison));
  }
  (common.json ? print_as_json : print_text)(reports, comparison);
  return Exit::ok;
}

}  // namespace

Action declare_report(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("A", options->a, "What `crayon bench` or `crayon doctor` wrote with --json")
      .required();
  command.add_option("B", options->b, "Another one, to compare the first with");
  command.add_option("-o,--output", options->output,
                     "A page (HTML) to write: one file, which needs no other");
  return [options, &common] { return report(*options, common); };
}

}  // namespace crayon::cli
