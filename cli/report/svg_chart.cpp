#include "cli/report/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace crayon::cli {
namespace {

// Pixels.
constexpr double height = 190;
constexpr double left = 46, right = 12, top = 22, bottom = 34;
constexpr double row_height = 44;  // of a ratio

/// From `low` to `high` on an axis.
struct Range {
  double low = 0, high = 1;
  double share(double value) const { return (value - low) / (high - low); }
};

/// A range that holds something, so that nothing is divided by 0.
Range widened(double low, double high) {
  const double size = std::max(std::abs(low), std::abs(high));
  return high - low > 1e-6 * size && high - low > 1e-9
             ? Range{low, high}
             : Range{low, high + std::max(1.0, size / 10)};
}

struct Ticks {
  double step = 1;
  std::vector<double> values;

  std::string text(double value) const {
    const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
    return std::abs(value) < 1e7 && digits < 7 ? fmt::format("{:.{}f}", value, digits)
                                               : fmt::format("{:.3g}", value);
  }
};

/// Round numbers in a range, about as many as wanted: steps of 1, 2 or 5.
Ticks ticks_in(const Range& range, double wanted) {
  const double width = range.high - range.low;
  const double power = std::pow(10, std::floor(std::log10(width / wanted)));
  Ticks ticks;
  for (const double times : {10.0, 5.0, 2.0, 1.0}) {
    ticks.step = width / (power * times) <= wanted + 1e-9 ? power * times : ticks.step;
  }
  const double first = std::ceil(range.low / ticks.step - 1e-9);
  for (int i = 0; i < 20; ++i) {
    const double value = (first + i) * ticks.step;
    if (value <= range.high + 1e-9 * width) {
      ticks.values.push_back(value);
    }
  }
  return ticks;
}

/// Ends on round numbers.
Range rounded(const Range& range) {
  const double step = ticks_in(range, 4).step;
  return {std::floor(range.low / step + 1e-9) * step, std::ceil(range.high / step - 1e-9) * step};
}

Range values_of(const Chart& chart) {
  std::optional<Range> range;
  for (const ChartLine& line : chart.lines) {
    for (const auto& [seconds, value] : line.points) {
      range = range ? Range{std::min(range->low, value), std::max(range->high, value)}
                    : Range{value, value};
    }
  }
  const Range found = range.value_or(Range{});
  return rounded(chart.from_zero ? widened(std::min(0.0, found.low), found.high)
                                 : widened(found.low - 1, found.high + 1));
}

/// What time is counted in, so that its numbers stay small.
struct TimeUnit {
  const char* name;
  double seconds;
};

TimeUnit time_unit(double seconds) {
  constexpr double a_minute = 60, an_hour = 3600;
  if (seconds > 3 * an_hour) {
    return {"hours", an_hour};
  }
  return seconds > 3 * a_minute ? TimeUnit{"minutes", a_minute} : TimeUnit{"seconds", 1};
}

std::string text_at(double x, double y, const char* style, const char* anchor,
                    const std::string& text) {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" class="{}" text-anchor="{}">{}</text>)", x, y,
                     style, anchor, escaped(text));
}

std::string line_at(double x1, double y1, double x2, double y2, const std::string& style) {
  return fmt::format(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>)", x1,
                     y1, x2, y2, style);
}

std::string svg_begin(double width, double tall, const std::string& name) {
  return fmt::format(
      R"(<svg viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" role="img" aria-label="{2}">)",
      width, tall, escaped(name));
}

/// One chart while it is drawn.
class Drawing {
 public:
  Drawing(const Chart& chart, double width)
      : chart_(chart),
        width_(width),
        time_(time_unit(chart.seconds)),
        across_(widened(0, chart.seconds)),
        up_(values_of(chart)) {}

  std::string svg() const {
    std::string svg = svg_begin(width_, height, chart_.name);
    svg += shades() + value_axis() + time_axis() + lines() + legend();
    return svg + "</svg>\n";
  }

 private:
  double x(double seconds) const {
    return left + std::clamp(across_.share(seconds), 0.0, 1.0) * (width_ - left - right);
  }
  double y(double value) const {
    return height - bottom - up_.share(value) * (height - top - bottom);
  }

  std::string shades() const {
    std::string svg;
    for (const ChartShade& shade : chart_.shades) {
      svg += fmt::format(
          R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="shade"/>)",
          x(shade.begin), top, std::max(x(shade.end) - x(shade.begin), 1.0), height - top - bottom);
    }
    return svg;
  }

  std::string value_axis() const {
    std::string svg = text_at(left, top - 10, "unit", "start", chart_.unit);
    const Ticks ticks = ticks_in(up_, 4);
    for (const double value : ticks.values) {
      svg += line_at(left, y(value), width_ - right, y(value), "grid");
      svg += text_at(left - 7, y(value) + 4, "tick", "end", ticks.text(value));
    }
    return svg;
  }

  std::string time_axis() const {
    const double below = height - bottom;
    std::string svg = line_at(left, below, width_ - right, below, "axis");
    const Ticks ticks = ticks_in({0, across_.high / time_.seconds}, width_ / 90);
    for (const double value : ticks.values) {
      const double at = x(value * time_.seconds);
      svg += line_at(at, below, at, below + 4, "axis") +
             text_at(at, below + 17, "tick", "middle", ticks.text(value));
    }
    return svg + text_at(width_ - right, height - 3, "unit", "end", time_.name);
  }

  std::string lines() const {
    std::string svg;
    for (std::size_t i = 0; i < chart_.lines.size(); ++i) {
      svg += fmt::format(R"(<polyline class="line line-{}" points=")", i);
      for (const auto& [seconds, value] : chart_.lines[i].points) {
        svg += fmt::format("{:.1f},{:.1f} ", x(seconds), y(value));
      }
      svg += R"("/>)";
    }
    return svg;
  }

  std::string legend() const {
    std::string svg;
    double at = width_ - right;
    for (std::size_t i = chart_.lines.size(); chart_.lines.size() > 1 && i-- > 0;) {
      svg += text_at(at, top - 10, "unit", "end", chart_.lines[i].name);
      at -= 8.0 * static_cast<double>(chart_.lines[i].name.size()) + 6;
      svg += line_at(at - 18, top - 14, at, top - 14, fmt::format("line line-{}", i));
      at -= 34;
    }
    return svg;
  }

  const Chart& chart_;
  double width_;
  TimeUnit time_;
  Range across_;  // seconds
  Range up_;
};

}  // namespace

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += letter;
    }
  }
  return safe;
}

std::string svg_of(const Chart& chart, double width) {
  return Drawing(chart, width).svg();
}

std::string svg_of(const std::vector<RatioMark>& marks, const std::string& unit, double width) {
  double low = 1, high = 1;
  for (const RatioMark& mark : marks) {
    low = std::min(low, mark.ratio - mark.noise.value_or(0));
    high = std::max(high, mark.ratio + mark.noise.value_or(0));
  }
  const double room = 0.08 * (high - low) + 0.01;
  const Range range = rounded({std::max(0.0, low - room), high + room});
  constexpr double edge = 18;  // for half of a number at an end
  const auto x = [&](double value) {
    return edge + std::clamp(range.share(value), 0.0, 1.0) * (width - 2 * edge);
  };
  const double tall = row_height * static_cast<double>(marks.size());
  std::string svg = svg_begin(width, tall + bottom, unit);
  const Ticks ticks = ticks_in(range, width / 90);
  for (const double value : ticks.values) {
    svg += line_at(x(value), 0, x(value), tall, "grid") +
           text_at(x(value), tall + 14, "tick", "middle", ticks.text(value));
  }
  svg += line_at(x(1), 0, x(1), tall, "axis");
  svg += text_at(width - edge, tall + bottom - 3, "unit", "end", unit);
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const double y = row_height * static_cast<double>(i);
    svg += text_at(edge, y + 16, "label", "start", marks[i].name);
    svg += text_at(width - edge, y + 16, "label", "end", marks[i].text);
    const double noise = marks[i].noise.value_or(0);
    svg += line_at(x(marks[i].ratio - noise), y + 30, x(marks[i].ratio + noise), y + 30,
                   "line line-1");
    svg += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="4.5" class="dot{}"/>)",
                       x(marks[i].ratio), y + 30, marks[i].noise ? "" : " hollow");
  }
  return svg + "</svg>\n";
}

}  // namespace crayon::cli
