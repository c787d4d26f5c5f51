// Scenes as pixels. Lengths are in sides of the picture, its upper left corner is the origin.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "train/scenes/picture.h"

namespace crayon::train::scenes {
namespace {

using Rgb = std::array<double, 3>;  // 0 to 255

constexpr std::array<Rgb, color_words.size()> color_values = {{{220, 40, 40},
                                                               {40, 175, 60},
                                                               {50, 80, 220},
                                                               {240, 220, 50},
                                                               {245, 140, 30},
                                                               {130, 50, 180},
                                                               {245, 130, 190},
                                                               {50, 200, 220}}};
constexpr std::array<Rgb, ground_words.size()> ground_values = {
    {{20, 20, 20}, {235, 235, 235}, {128, 128, 128}, {105, 70, 45}, {45, 70, 190}, {40, 140, 60}}};

struct Point {
  double x;
  double y;
};

/// Its squared distance from the origin.
double square(Point point) {
  return point.x * point.x + point.y * point.y;
}

constexpr std::array<Point, place_words.size()> centres = {
    {{0.26, 0.5}, {0.74, 0.5}, {0.5, 0.26}, {0.5, 0.74}, {0.5, 0.5}}};

/// Uniform in [-most, most].
double off(Random& random, double most) {
  return (2 * random.uniform() - 1) * most;
}

Rgb off_color(const Rgb& color, Random& random) {
  constexpr double most = 18;
  Rgb result = color;
  for (double& channel : result) {
    channel += off(random, most);
  }
  return result;
}

/// Corners at `angles` equal steps, the radii in turn.
std::vector<Point> star_polygon(std::size_t corners, double radius, double inner, double angle) {
  std::vector<Point> points;
  for (std::size_t i = 0; i < corners; ++i) {
    const double turn =
        angle + 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(corners);
    const double length = i % 2 == 0 ? radius : inner;
    points.push_back({length * std::sin(turn), -length * std::cos(turn)});
  }
  return points;
}

std::vector<Point> cross_polygon(double radius, double angle) {
  const double arm = 0.3 * radius;
  const double tip = 0.95 * radius;
  std::vector<Point> points = {{arm, -tip}, {arm, -arm},  {tip, -arm},  {tip, arm},
                               {arm, arm},  {arm, tip},   {-arm, tip},  {-arm, arm},
                               {-tip, arm}, {-tip, -arm}, {-arm, -arm}, {-arm, -tip}};
  for (Point& point : points) {
    point = {point.x * std::cos(angle) - point.y * std::sin(angle),
             point.x * std::sin(angle) + point.y * std::cos(angle)};
  }
  return points;
}

/// Distance to the polygon's edge, negative inside: the nearest edge, and whether a ray to the
/// right crosses an odd number of them.
double distance_to(const std::vector<Point>& polygon, Point at) {
  double nearest = std::numeric_limits<double>::infinity();  // squared
  bool inside = false;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point a = polygon[i];
    const Point b = polygon[(i + 1) % polygon.size()];
    const Point edge{b.x - a.x, b.y - a.y};
    const Point from{at.x - a.x, at.y - a.y};
    const double along = std::clamp(
        (from.x * edge.x + from.y * edge.y) / (edge.x * edge.x + edge.y * edge.y), 0.0, 1.0);
    nearest = std::min(nearest, square({from.x - along * edge.x, from.y - along * edge.y}));
    if ((a.y > at.y) != (b.y > at.y) && from.x < edge.x * from.y / edge.y) {
      inside = !inside;
    }
  }
  return inside ? -std::sqrt(nearest) : std::sqrt(nearest);
}

/// A thing with all that a picture shows of it.
class Outline {
 public:
  Outline(const Thing& thing, Random& random) : shape_(thing.shape) {
    const Point centre = centres[static_cast<std::size_t>(thing.place)];
    centre_.x = centre.x + off(random, 0.03);
    centre_.y = centre.y + off(random, 0.03);
    radius_ = thing.extent == Extent::small ? 0.14 + off(random, 0.015) : 0.225 + off(random, 0.02);
    const double tilt = off(random, std::numbers::pi / 12);
    switch (shape_) {
      case Shape::square:
        polygon_ = star_polygon(4, 1.2 * radius_, 1.2 * radius_, tilt + std::numbers::pi / 4);
        break;
      case Shape::triangle:
        polygon_ = star_polygon(3, 1.15 * radius_, 1.15 * radius_, tilt);
        break;
      case Shape::star:
        polygon_ = star_polygon(10, 1.15 * radius_, 0.5 * radius_, tilt);
        break;
      case Shape::cross:
        polygon_ = cross_polygon(1.05 * radius_, tilt);
        break;
      case Shape::circle:
      case Shape::ring:
        break;
    }
    color_ = off_color(color_values[static_cast<std::size_t>(thing.color)], random);
  }

  const Rgb& color() const { return color_; }

  /// Share of a pixel around `at` that the thing covers, for pixels of this side.
  double cover(Point at, double pixel) const {
    const Point from_centre{at.x - centre_.x, at.y - centre_.y};
    const double reach = 1.25 * radius_ + pixel;  // where no shape goes
    if (square(from_centre) > reach * reach) {
      return 0;
    }
    return std::clamp(0.5 - distance(from_centre) / pixel, 0.0, 1.0);
  }

 private:
  double distance(Point from_centre) const {
    const double length = std::sqrt(square(from_centre));
    if (shape_ == Shape::circle) {
      return length - radius_;
    }
    if (shape_ == Shape::ring) {
      return std::abs(length - 0.78 * radius_) - 0.22 * radius_;
    }
    return distance_to(polygon_, from_centre);
  }

  Shape shape_;
  Point centre_{};
  double radius_;
  std::vector<Point> polygon_;  ///< around the centre
  Rgb color_;
};

}  // namespace

Picture paint(const Scene& scene, std::size_t side) {
  Random random(scene.seed);
  const Rgb ground = off_color(ground_values[static_cast<std::size_t>(scene.ground)], random);
  std::vector<Outline> outlines;
  for (const Thing& thing : scene.things) {
    outlines.emplace_back(thing, random);
  }
  constexpr double light = 25;  // of 255, from the middle to an edge
  constexpr double noise = 20;  // at most; the sum of two uniform numbers, deviation 8
  const double fall_x = off(random, light);
  const double fall_y = off(random, light);

  Picture picture{side, {}};
  picture.rgb.reserve(side * side * 3);
  const double pixel = 1.0 / static_cast<double>(side);
  for (std::size_t row = 0; row < side; ++row) {
    for (std::size_t column = 0; column < side; ++column) {
      const Point at{(static_cast<double>(column) + 0.5) * pixel,
                     (static_cast<double>(row) + 0.5) * pixel};
      Rgb color = ground;
      for (const Outline& outline : outlines) {
        const double cover = outline.cover(at, pixel);
        for (std::size_t c = 0; c < color.size(); ++c) {
          color[c] += cover * (outline.color()[c] - color[c]);
        }
      }
      const double bright = 2 * (fall_x * (at.x - 0.5) + fall_y * (at.y - 0.5));
      for (const double channel : color) {
        const double grain = off(random, noise / 2) + off(random, noise / 2);
        const double value = std::clamp(channel + bright + grain, 0.0, 255.0);
        picture.rgb.push_back(static_cast<std::uint8_t>(std::lround(value)));
      }
    }
  }
  return picture;
}

}  // namespace crayon::train::scenes
