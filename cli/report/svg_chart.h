#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace crayon::cli {

/// What goes into a page as text: &, <, >, " and ' as entities.
std::string escaped(const std::string& text);

struct ChartLine {
  std::string name;                               ///< of the legend
  std::vector<std::pair<double, double>> points;  ///< seconds, value
};

/// From one second to another, behind the lines.
struct ChartShade {
  double begin = 0, end = 0;
};

/// Values over time. The page's style sheet gives line i the class "line-i", and says how the
/// classes axis, grid, shade, tick and unit look.
struct Chart {
  std::string name;  ///< for those who do not see it
  std::string unit;  ///< of the values
  bool from_zero = true;
  double seconds = 0;  ///< that the time axis ends at
  std::vector<ChartLine> lines;
  std::vector<ChartShade> shades;
};

/// A chart as an <svg> element, `width` pixels wide where it is shown at its own size.
std::string svg_of(const Chart& chart, double width);

/// A figure beside another: a mark on a scale of ratios.
struct RatioMark {
  std::string name, text;
  double ratio = 1;
  std::optional<double> noise = {};  ///< to both sides
};
/// Ratios below each other, on one scale that 1 is marked on; `unit` words it.
std::string svg_of(const std::vector<RatioMark>& marks, const std::string& unit, double width);

}  // namespace crayon::cli
