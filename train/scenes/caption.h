#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "train/scenes/scene.h"

namespace crayon::train::scenes {

/// What a caption says of a thing; what it leaves out may be anything.
struct Mention {
  std::optional<Shape> shape;
  std::optional<Color> color;
  std::optional<Extent> extent;
  std::optional<Place> place;

  bool operator==(const Mention&) const = default;
};

struct Caption {
  std::string text;  ///< lower case, words apart by one space
  std::vector<Mention> things;
  std::optional<Ground> ground;
};

/// A caption that is true of the scene: of one thing or of both, with some attributes left out.
/// Every caption names at least a shape or a colour.
Caption describe(const Scene& scene, Random& random);

/// Whether the caption is true of the scene: its things are there, each another one.
bool fits(const Caption& caption, const Scene& scene);

/// The words of all captions, sorted, each once.
std::vector<std::string> caption_words();

/// `noun_phrase` after "a" or "an", as its first letter asks for.
std::string with_article(const std::string& noun_phrase);

/// The words of a text: what stands between spaces.
std::vector<std::string> words_of(std::string_view text);

}  // namespace crayon::train::scenes
