#include "cli/report/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/report/svg_chart.h"

namespace crayon::cli {
namespace {

/// Two inks on paper, by day and by night; A is blue and B is orange, which the colour-blind tell
/// apart, and B's lines are dashed besides.
constexpr const char* style = R"(
:root { color-scheme: light dark; --paper: #fcfcfa; --ink: #1c2126; --soft: #5c6670;
  --rule: #dfe2e0; --panel: #f3f4f1; --a: #0a5fa8; --b: #b4540a; --warn: #8a4b00;
  --warn-paper: #fdf3e1; --shade: #e8590c; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171a; --ink: #e4e7ea; --soft: #98a2ac; --rule: #2b3137; --panel: #1b1f23;
    --a: #62b0f0; --b: #f0a35e; --warn: #f3c27c; --warn-paper: #2c2417; --shade: #ff922b; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
main { max-width: 808px; margin: 0 auto; padding: 28px 24px 40px; }
header { border-bottom: 2px solid var(--ink); padding-bottom: 14px; }
.kind { color: var(--soft); font-size: 13px; margin: 0 0 4px; }
h1 { font-size: 22px; line-height: 1.3; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
h1 + h1 { margin-top: 4px; }
h2 { font-size: 15px; font-weight: 600; margin: 34px 0 10px; }
h3 { font-size: 14px; font-weight: 500; margin: 18px 0 2px; }
p { margin: 8px 0; }
.note { color: var(--soft); font-size: 13px; }
.letter { display: inline-block; min-width: 1.3em; font-weight: 700; }
.letter.a { color: var(--a); } .letter.b { color: var(--b); }
.warning { background: var(--warn-paper); color: var(--warn); padding: 8px 12px; margin: 12px 0 0;
  border-left: 3px solid var(--shade); overflow-wrap: anywhere; }
.readouts { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 1px;
  background: var(--rule); border: 1px solid var(--rule); margin-top: 22px; }
.readout { background: var(--paper); padding: 10px 14px; }
.readout .name { color: var(--soft); font-size: 12.5px; display: block; }
.readout .value { font-size: 23px; font-variant-numeric: tabular-nums; }
.readout .unit { color: var(--soft); font-size: 13px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; font-size: 12.5px; color: var(--soft);
  border-bottom: 1px solid var(--ink); padding: 4px 14px 4px 0; vertical-align: bottom; }
td { border-bottom: 1px solid var(--rule); padding: 6px 14px 6px 0; vertical-align: top;
  overflow-wrap: anywhere; }
td:first-child { min-width: 8em; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
.share { display: inline-block; width: 72px; height: 9px; background: var(--rule);
  margin-left: 8px; }
.unit { color: var(--soft); font-size: 12.5px; white-space: nowrap; }
.verdict { white-space: nowrap; }
.setting { display: inline-block; min-width: 15em; }
.share i { display: block; height: 100%; background: var(--a); }
dl { display: grid; grid-template-columns: minmax(110px, 170px) 1fr; margin: 0; font-size: 14px; }
dt, dd { margin: 0; padding: 5px 0; border-bottom: 1px solid var(--rule); }
dt { color: var(--soft); padding-right: 14px; }
dd { overflow-wrap: anywhere; }
svg { display: block; max-width: 100%; height: auto; }
svg text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--soft);
  font-variant-numeric: tabular-nums; }
svg .unit { font-size: 12px; fill: var(--ink); }
svg .label { font-size: 13px; fill: var(--ink); paint-order: stroke; stroke: var(--paper);
  stroke-width: 5px; }
.axis { stroke: var(--soft); stroke-width: 1; }
.grid { stroke: var(--rule); stroke-width: 1; }
.shade { fill: var(--shade); fill-opacity: 0.1; }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
.line-0 { stroke: var(--a); }
.line-1 { stroke: var(--b); stroke-dasharray: 6 2; }
.ratio .line-1 { stroke-width: 2; stroke-dasharray: none; }
.dot { fill: var(--b); stroke: var(--b); stroke-width: 1.6; }
.hollow { fill: var(--paper); }
.ratio { margin-bottom: 14px; }
.narrow { display: none; }
footer { margin-top: 40px; border-top: 1px solid var(--rule); padding-top: 10px; }
@media (max-width: 640px) {
  main { padding: 20px 16px 32px; }
  h1 { font-size: 19px; }
  .wide { display: none; } .narrow { display: block; }
  th, td { padding-right: 10px; }
  .share { width: 44px; }
  .readouts { grid-template-columns: 1fr 1fr; }
  .readout { padding: 8px 10px; } .readout .value { font-size: 20px; }
}
@media print { body { background: none; } }
)";

HtmlCell cell(const std::string& text, bool is_number) {
  return {escaped(text), is_number};
}

std::string row_of(const char* tag, const std::vector<HtmlCell>& cells) {
  std::string row = "<tr>";
  for (const HtmlCell& one : cells) {
    row +=
        fmt::format("<{0}{1}>{2}</{0}>", tag, one.is_number ? R"( class="number")" : "", one.html);
  }
  return row + "</tr>\n";
}

}  // namespace

std::string html_page(const std::string& title, const std::string& html) {
  return fmt::format(
      R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{}</title>
<style>{}</style>
</head>
<body>
<main>
{}</main>
</body>
</html>
)",
      escaped(title), style, html);
}

std::string html_text(const std::string& tag, const std::string& style_class,
                      const std::string& text) {
  const std::string attribute =
      style_class.empty() ? "" : fmt::format(R"( class="{}")", style_class);
  return fmt::format("<{0}{1}>{2}</{0}>\n", tag, attribute, escaped(text));
}

std::string html_section(const std::string& heading, const std::string& html) {
  return html.empty() ? "" : "<section>\n" + html_text("h2", "", heading) + html + "</section>\n";
}

HtmlCell text_cell(const std::string& text) {
  return cell(text, false);
}

HtmlCell number_cell(const std::string& text) {
  return cell(text, true);
}

std::string html_table(const std::vector<HtmlCell>& head,
                       const std::vector<std::vector<HtmlCell>>& rows) {
  std::string table = "<div class=\"scroll\"><table>\n<thead>" + row_of("th", head) + "</thead>\n";
  for (const std::vector<HtmlCell>& row : rows) {
    table += row_of("td", row);
  }
  return table + "</table></div>\n";
}

std::string html_share(double share) {
  return fmt::format(R"({:.1f} %<span class="share"><i style="width:{:.1f}%"></i></span>)",
                     100 * share, 100 * std::clamp(share, 0.0, 1.0));
}

}  // namespace crayon::cli
