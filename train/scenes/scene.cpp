#include "train/scenes/scene.h"

#include <algorithm>
#include <cstring>

namespace crayon::train::scenes {
namespace {

template <typename Value, std::size_t count>
Value any(const std::array<const char*, count>&, Random& random) {
  return static_cast<Value>(random.below(count));
}

Thing draw_thing(Random& random, Place place) {
  Thing thing{};
  thing.shape = any<Shape>(shape_words, random);
  thing.color = any<Color>(color_words, random);
  thing.extent = any<Extent>(extent_words, random);
  thing.place = place;
  return thing;
}

Ground draw_ground(Random& random, const std::vector<Thing>& things) {
  while (true) {
    const Ground ground = any<Ground>(ground_words, random);
    const bool hides = std::ranges::any_of(things, [&](const Thing& thing) {
      return std::strcmp(word(color_words, thing.color), word(ground_words, ground)) == 0;
    });
    if (!hides) {
      return ground;
    }
  }
}

}  // namespace

Scene draw_scene(Random& random, std::size_t most) {
  Scene scene{};
  if (most > 1 && random.below(2) == 0) {
    const bool beside = random.below(2) == 0;
    const Place sides[] = {beside ? Place::left : Place::top,
                           beside ? Place::right : Place::bottom};
    const std::uint64_t first = random.below(2);
    scene.things = {draw_thing(random, sides[first])};
    scene.things.push_back(draw_thing(random, sides[1 - first]));
  } else {
    const Place place = any<Place>(place_words, random);
    scene.things = {draw_thing(random, place)};
  }
  scene.ground = draw_ground(random, scene.things);
  scene.seed = random.next();
  return scene;
}

Random item_random(std::uint64_t seed, std::uint64_t index) {
  Random series(seed);
  return Random(series.next() ^ Random(index).next());
}

}  // namespace crayon::train::scenes
