#include "train/scenes/caption.h"

#include <algorithm>
#include <set>
#include <utility>

namespace crayon::train::scenes {
namespace {

constexpr std::array openings = {
    "", "", "a photo of ", "a picture of ", "an image of ", "there is ", "this is "};

bool chance(Random& random, double share) {
  return random.uniform() < share;
}

/// Some of what there is to say; never neither shape nor colour. Little is said mostly: of a
/// caption that says all, the easy half would be learned and the rest, which is shape, left alone.
Mention mention(const Thing& thing, bool place, Random& random) {
  Mention said;
  const double which = random.uniform();
  if (which < 0.8) {
    said.shape = thing.shape;
  }
  if (which < 0.4 || which >= 0.8) {
    said.color = thing.color;
  }
  if (chance(random, 0.3)) {
    said.extent = thing.extent;
  }
  if (place) {
    said.place = thing.place;
  }
  return said;
}

/// "a small red circle", "an orange shape"
std::string noun_phrase(const Mention& said) {
  std::string text;
  if (said.extent) {
    text += word(extent_words, *said.extent) + std::string(" ");
  }
  if (said.color) {
    text += word(color_words, *said.color) + std::string(" ");
  }
  return with_article(text + (said.shape ? word(shape_words, *said.shape) : "shape"));
}

const char* place_phrase(Place place) {
  switch (place) {
    case Place::left:
      return " on the left";
    case Place::right:
      return " on the right";
    case Place::top:
      return " at the top";
    case Place::bottom:
      return " at the bottom";
    case Place::middle:
      return " in the middle";
  }
  return "";
}

/// Where a thing at `place` stands from its neighbour.
const char* relation_phrase(Place place) {
  switch (place) {
    case Place::left:
      return " to the left of ";
    case Place::right:
      return " to the right of ";
    case Place::top:
      return " above ";
    case Place::bottom:
      return " below ";
    case Place::middle:
      break;
  }
  return " and ";
}

bool fits(const Mention& said, const Thing& thing) {
  return said.shape.value_or(thing.shape) == thing.shape &&
         said.color.value_or(thing.color) == thing.color &&
         said.extent.value_or(thing.extent) == thing.extent &&
         said.place.value_or(thing.place) == thing.place;
}

/// Of one of the things.
void describe_one(const Scene& scene, Random& random, Caption& caption) {
  const Thing& thing = scene.things[random.below(scene.things.size())];
  const Mention said = mention(thing, chance(random, 0.25), random);
  caption.text += noun_phrase(said);
  if (said.place) {
    caption.text += place_phrase(*said.place);
  }
  caption.things = {said};
}

void describe_both(const Scene& scene, Random& random, Caption& caption) {
  const std::size_t first = random.below(2);
  const bool related = chance(random, 0.7);  // which tells both places
  caption.things = {mention(scene.things[first], related, random)};
  caption.things.push_back(mention(scene.things[1 - first], related, random));
  caption.text += noun_phrase(caption.things[0]);
  caption.text += related ? relation_phrase(scene.things[first].place) : " and ";
  caption.text += noun_phrase(caption.things[1]);
}

}  // namespace

Caption describe(const Scene& scene, Random& random) {
  Caption caption;
  caption.text = openings[random.below(openings.size())];
  if (scene.things.size() > 1 && chance(random, 0.5)) {
    describe_both(scene, random, caption);
  } else {
    describe_one(scene, random, caption);
  }
  if (chance(random, 0.25)) {
    caption.ground = scene.ground;
    caption.text += chance(random, 0.5) ? " on " : " in front of ";
    caption.text += with_article(word(ground_words, scene.ground)) + " background";
  }
  return caption;
}

bool fits(const Caption& caption, const Scene& scene) {
  if (caption.ground.value_or(scene.ground) != scene.ground ||
      caption.things.size() > scene.things.size()) {
    return false;
  }
  std::vector<Thing> things = scene.things;  // one or two: both orders are all there are
  for (std::size_t order = 0; order < things.size(); ++order) {
    if (std::equal(caption.things.begin(), caption.things.end(), things.begin(),
                   [](const Mention& said, const Thing& thing) { return fits(said, thing); })) {
      return true;
    }
    std::ranges::reverse(things);
  }
  return false;
}

std::vector<std::string> caption_words() {
  constexpr int enough = 4000;  // captions, of some sixty words
  std::set<std::string> words;
  Random random(0);
  for (int i = 0; i < enough; ++i) {
    const Scene scene = draw_scene(random);
    for (std::string& word : words_of(describe(scene, random).text)) {
      words.insert(std::move(word));
    }
  }
  return {words.begin(), words.end()};
}

std::string with_article(const std::string& noun_phrase) {
  constexpr std::string_view vowels = "aeiou";
  const bool vowel =
      !noun_phrase.empty() && vowels.find(noun_phrase.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + noun_phrase;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) {
      words.emplace_back(text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace crayon::train::scenes
