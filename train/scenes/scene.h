#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"

// A world that is small enough to learn in minutes: one or two coloured shapes on a ground. What a
// scene holds is known exactly, and with it whether a caption is true of it.

namespace crayon::train::scenes {

enum class Shape : std::uint8_t { circle, square, triangle, star, cross, ring };
enum class Color : std::uint8_t { red, green, blue, yellow, orange, purple, pink, cyan };
enum class Extent : std::uint8_t { small, large };
enum class Place : std::uint8_t { left, right, top, bottom, middle };
enum class Ground : std::uint8_t { black, white, gray, brown, blue, green };

// Their words, in the order of the enumerations.
inline constexpr std::array shape_words = {"circle", "square", "triangle", "star", "cross", "ring"};
inline constexpr std::array color_words = {"red",    "green",  "blue", "yellow",
                                           "orange", "purple", "pink", "cyan"};
inline constexpr std::array extent_words = {"small", "large"};
inline constexpr std::array place_words = {"left", "right", "top", "bottom", "middle"};
inline constexpr std::array ground_words = {"black", "white", "gray", "brown", "blue", "green"};

/// The word of a value: word(shape_words, Shape::ring) is "ring".
template <std::size_t count, typename Value>
constexpr const char* word(const std::array<const char*, count>& words, Value value) {
  return words[static_cast<std::size_t>(value)];
}

struct Thing {
  Shape shape;
  Color color;
  Extent extent;
  Place place;

  bool operator==(const Thing&) const = default;
};

struct Scene {
  std::vector<Thing> things;  ///< one, or two on opposite sides
  Ground ground;              ///< of no thing's colour
  std::uint64_t seed;         ///< of all that a picture has beside: where exactly, light, noise

  bool operator==(const Scene&) const = default;
};

/// Draws a scene of one or two things, `most` at most. The same state of `random` gives the same
/// scene on every machine.
Scene draw_scene(Random& random, std::size_t most = 2);

/// A generator for item `index` of a series, which needs none of the items before.
Random item_random(std::uint64_t seed, std::uint64_t index);

}  // namespace crayon::train::scenes
