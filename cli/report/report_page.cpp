#include "cli/report/report_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/report/page.h"
#include "cli/report/svg_chart.h"

namespace crayon::cli {
namespace {

constexpr double wide = 760, narrow = 358;  // pixels: a page's and a phone's
constexpr std::size_t most_readouts = 4;

using Samples = std::optional<double> SavedSample::*;

/// The same picture for wide and for narrow pages, whose letters are of one size.
template <typename Draw>
std::string for_both_widths(const char* style, Draw draw) {
  return fmt::format("<div class=\"wide {0}\">{1}</div><div class=\"narrow {0}\">{2}</div>\n",
                     style, draw(wide), draw(narrow));
}

/// "A", or "B", in front of what belongs to it; nothing where there is only one report.
std::string letter_of(std::size_t report, std::size_t reports) {
  if (reports < 2) {
    return "";
  }
  return report == 0 ? R"(<span class="letter a">A</span> )"
                     : R"(<span class="letter b">B</span> )";
}

std::string header(const std::vector<SavedReport>& reports) {
  std::string html = "<header>\n" + html_text("p", "kind", "Crayon field report");
  for (std::size_t i = 0; i < reports.size(); ++i) {
    html += "<h1>" + letter_of(i, reports.size()) + escaped(reports[i].title) + "</h1>\n";
    html += html_text("p", "kind", reports[i].kind + ", " + reports[i].file);
  }
  html += "</header>\n";
  for (std::size_t i = 0; i < reports.size(); ++i) {
    for (const std::string& warning : reports[i].warnings) {
      html += "<p class=\"warning\">" + letter_of(i, reports.size()) + escaped(warning) + "</p>\n";
    }
  }
  return html;
}

/// The first figures, large.
std::string readouts(const SavedReport& report) {
  std::string html = "<div class=\"readouts\">\n";
  for (std::size_t i = 0; i < std::min(report.speeds.size(), most_readouts); ++i) {
    const SavedSpeed& speed = report.speeds[i];
    SavedSpeed alone = speed;
    alone.deviation.reset();
    html += "<div class=\"readout\">" + html_text("span", "name", speed.name) +
            html_text("span", "value", value_text(alone)) + html_text("span", "unit", speed.unit) +
            "</div>\n";
  }
  return html + "</div>\n";
}

/// What a figure is, and what it is counted in.
HtmlCell named_cell(const std::string& name, const std::string& unit) {
  return {escaped(name) + R"( <span class="unit">)" + escaped(unit) + "</span>", false};
}

/// A column of the table of figures.
struct Column {
  const char* heading;
  bool is_number;
  HtmlCell (*cell)(const SavedSpeed& speed);
  bool (*is_there)(const SavedSpeed& speed);
};

constexpr Column columns[] = {
    {"figure", false, [](const SavedSpeed& speed) { return named_cell(speed.name, speed.unit); },
     [](const SavedSpeed&) { return true; }},
    {"value", true, [](const SavedSpeed& speed) { return number_cell(value_text(speed)); },
     [](const SavedSpeed&) { return true; }},
    {"of the bandwidth", true,
     [](const SavedSpeed& speed) {
       return HtmlCell{html_share(speed.share.value_or(0)), true};
     },
     [](const SavedSpeed& speed) { return speed.share.has_value(); }},
    {"memory GB/s", true,
     [](const SavedSpeed& speed) {
       return number_cell(fmt::format("{:.1f}", speed.bandwidth.value_or(0) / 1e9));
     },
     [](const SavedSpeed& speed) { return speed.bandwidth.has_value(); }},
    {"ms/token p50, p95", true,
     [](const SavedSpeed& speed) {
       return number_cell(
           fmt::format("{:.2f}, {:.2f}", speed.p50.value_or(0), speed.p95.value_or(0)));
     },
     [](const SavedSpeed& speed) { return speed.p50 && speed.p95; }},
};

/// The setting of all figures, when they have one; else it is a column of its own.
std::optional<std::string> common_setting(const SavedReport& report) {
  const std::string& first = report.speeds.front().setting;
  const bool common = std::ranges::all_of(
      report.speeds, [&](const SavedSpeed& speed) { return speed.setting == first; });
  return common ? std::optional(first) : std::nullopt;
}

std::string speeds_table(const SavedReport& report) {
  if (report.speeds.empty()) {
    return "";
  }
  const std::optional<std::string> setting = common_setting(report);
  std::vector<HtmlCell> head;
  std::vector<std::vector<HtmlCell>> rows(report.speeds.size());
  for (const Column& column : columns) {
    if (std::ranges::none_of(report.speeds, column.is_there)) {
      continue;
    }
    head.push_back({column.heading, column.is_number});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const SavedSpeed& speed = report.speeds[i];
      rows[i].push_back(column.is_there(speed) ? column.cell(speed)
                                               : HtmlCell{"", column.is_number});
    }
  }
  if (!setting) {
    head.push_back(text_cell("setting"));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].push_back(
          {R"(<span class="setting">)" + escaped(report.speeds[i].setting) + "</span>", false});
    }
  }
  return html_table(head, rows) +
         (setting && !setting->empty() ? html_text("p", "note", "All with " + *setting + ".") : "");
}

std::string facts_list(const SavedReport& report) {
  std::string html = "<dl>\n";
  for (const SavedFact& fact : report.facts) {
    html += html_text("dt", "", fact.what) + html_text("dd", "", fact.text);
  }
  return html + "</dl>\n";
}

// ---- over time ----------------------------------------------------------------------------------

ChartLine line_of(const SavedReport& report, const char* name, Samples value) {
  ChartLine line{name, {}};
  for (const SavedSample& sample : report.samples) {
    if (sample.*value) {
      line.points.emplace_back((sample.begin + sample.end) / 2, *(sample.*value));
    }
  }
  return line;
}

std::vector<ChartShade> shades_of(const SavedReport& report) {
  std::vector<ChartShade> shades;
  for (const SavedSample& sample : report.samples) {
    if (sample.throttled && !shades.empty() && shades.back().end == sample.begin) {
      shades.back().end = sample.end;
    } else if (sample.throttled) {
      shades.push_back({sample.begin, sample.end});
    }
  }
  return shades;
}

std::string chart_of(const std::vector<SavedReport>& reports, const char* heading, const char* unit,
                     Samples value, bool from_zero) {
  Chart chart{heading, unit, from_zero, 0, {}, {}};
  bool any = false;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    chart.lines.push_back(line_of(reports[i], i == 0 ? "A" : "B", value));
    any = any || !chart.lines.back().points.empty();
    const std::vector<ChartShade> shades = shades_of(reports[i]);
    chart.shades.insert(chart.shades.end(), shades.begin(), shades.end());
    if (!reports[i].samples.empty()) {
      chart.seconds = std::max(chart.seconds, reports[i].samples.back().end);
    }
  }
  return any ? html_text("h3", "", heading) +
                   for_both_widths("", [&](double width) { return svg_of(chart, width); })
             : "";
}

std::string course(const std::vector<SavedReport>& reports) {
  std::string html = chart_of(reports, "Decoding", "tokens/s", &SavedSample::decode, true) +
                     chart_of(reports, "Prefill", "tokens/s", &SavedSample::prefill, true) +
                     chart_of(reports, "Highest temperature", "°C", &SavedSample::degrees, false) +
                     chart_of(reports, "Clock, mean of the processors that compute", "MHz",
                              &SavedSample::megahertz, true) +
                     chart_of(reports, "Power", "W", &SavedSample::watts, true);
  const bool throttled = std::ranges::any_of(
      reports, [](const SavedReport& report) { return !shades_of(report).empty(); });
  return html + (throttled && !html.empty()
                     ? html_text("p", "note", "Shaded: heat or voltage held the machine back.")
                     : "");
}

// ---- two reports --------------------------------------------------------------------------------

std::string differences_table(const ReportComparison& comparison) {
  if (comparison.differences.empty()) {
    return html_text("p", "note", "Machine, model and settings are the same.");
  }
  std::vector<std::vector<HtmlCell>> rows;
  for (const Difference& difference : comparison.differences) {
    rows.push_back({text_cell(difference.what), text_cell(difference.a), text_cell(difference.b)});
  }
  return html_table({text_cell("what"), text_cell("A"), text_cell("B")}, rows);
}

/// The name of a figure; where there are several of that name, with what tells them apart.
std::string brief_name(const SpeedPair& pair, const ReportComparison& comparison) {
  const auto alike = std::ranges::count_if(
      comparison.pairs, [&](const SpeedPair& other) { return other.a->name == pair.a->name; });
  return alike > 1 && !pair.a->brief.empty() ? pair.a->name + ", " + pair.a->brief : pair.a->name;
}

std::string ratio_chart(const ReportComparison& comparison) {
  std::vector<RatioMark> marks;
  for (const SpeedPair& pair : comparison.pairs) {
    marks.push_back({brief_name(pair, comparison), ratio_text(pair), pair.ratio, pair.noise});
  }
  return for_both_widths("ratio", [&](double width) { return svg_of(marks, "B / A", width); });
}

std::string pairs_table(const ReportComparison& comparison) {
  std::vector<std::vector<HtmlCell>> rows;
  for (const SpeedPair& pair : comparison.pairs) {
    rows.push_back({named_cell(brief_name(pair, comparison), pair.a->unit),
                    number_cell(ratio_text(pair)),
                    {R"(<span class="verdict">)" + escaped(verdict_text(pair)) + "</span>", false},
                    number_cell(value_text(*pair.a)),
                    number_cell(value_text(*pair.b))});
  }
  return html_table({text_cell("figure"), number_cell("B / A"), text_cell("verdict"),
                     number_cell("A"), number_cell("B")},
                    rows);
}

std::string comparison_html(const ReportComparison& comparison) {
  std::string figures =
      comparison.pairs.empty()
          ? html_text("p", "note", "The reports have no figure in common.")
          : ratio_chart(comparison) + pairs_table(comparison) +
                html_text(
                    "p", "note",
                    fmt::format("± is a standard deviation of single repetitions. A verdict is "
                                "given where the ratio differs from 1 by more than {} of them.",
                                ReportComparison::beyond_noise));
  return html_section("What differs", differences_table(comparison)) +
         html_section("B beside A", figures);
}

}  // namespace

std::string report_page(const std::vector<SavedReport>& reports,
                        const std::optional<ReportComparison>& comparison) {
  std::string html = header(reports);
  html += comparison ? comparison_html(*comparison) : readouts(reports.front());
  html += html_section("Over time", course(reports));
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const std::string of = comparison ? (i == 0 ? " of A" : " of B") : "";
    html += html_section("Figures" + of, speeds_table(reports[i]));
    html += html_section("Machine and circumstances" + of, facts_list(reports[i]));
  }
  html += "<footer>" +
          html_text("p", "note", fmt::format("Written by crayon {}.", CRAYON_VERSION)) +
          "</footer>\n";
  std::string title = "Crayon: " + reports.front().title;
  if (comparison) {
    title += " and " + reports.back().title;
  }
  return html_page(title, html);
}

}  // namespace crayon::cli
