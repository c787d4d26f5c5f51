// Scenes, their captions and their pictures.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "formats/pictures/picture.h"
#include "tests/support/support.h"
#include "train/scenes/caption.h"
#include "train/scenes/picture.h"

namespace crayon::train::scenes {
namespace {

/// Calls check(scene, caption) for many scenes.
template <typename Check>
void for_scenes(int count, Check check) {
  for (int i = 0; i < count; ++i) {
    Random random = item_random(7, static_cast<std::uint64_t>(i));
    const Scene scene = draw_scene(random);
    check(scene, describe(scene, random));
  }
}

bool says(const Caption& caption, const char* word) {
  const std::vector<std::string> words = words_of(caption.text);
  return std::ranges::find(words, word) != words.end();
}

/// The value of what was said, or -1.
template <typename Value>
int number(const std::optional<Value>& said) {
  return said ? static_cast<int>(*said) : -1;
}

TEST(Scene, TheSeedDecidesAlone) {
  for (const std::uint64_t index : {0u, 1u, 500u}) {
    Random once = item_random(3, index);
    Random again = item_random(3, index);
    const Scene scene = draw_scene(once);
    EXPECT_EQ(scene, draw_scene(again));
    EXPECT_EQ(describe(scene, once).text, describe(scene, again).text);
    EXPECT_EQ(paint(scene, 32).rgb, paint(scene, 32).rgb);
    Random other = item_random(4, index);
    EXPECT_NE(scene, draw_scene(other));
  }
}

TEST(Scene, ColoursDoNotVanishInTheirGround) {
  std::set<std::size_t> sizes;
  for_scenes(500, [&](const Scene& scene, const Caption&) {
    sizes.insert(scene.things.size());
    for (const Thing& thing : scene.things) {
      EXPECT_STRNE(word(color_words, thing.color), word(ground_words, scene.ground));
    }
    if (scene.things.size() == 2) {
      EXPECT_NE(scene.things[0].place, scene.things[1].place);
    }
  });
  EXPECT_EQ(sizes, (std::set<std::size_t>{1, 2}));
  Random random(1);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(draw_scene(random, 1).things.size(), 1u);
  }
}

TEST(Caption, IsTrueOfItsScene) {
  for_scenes(500, [](const Scene& scene, const Caption& caption) {
    EXPECT_TRUE(fits(caption, scene)) << caption.text;
  });
}

TEST(Caption, SaysWhatItMentionsAndNothingElse) {
  for_scenes(500, [](const Scene&, const Caption& caption) {
    std::set<int> shapes, colors;
    for (const Mention& said : caption.things) {
      EXPECT_TRUE(said.shape || said.color) << caption.text;
      shapes.insert(number(said.shape));
      colors.insert(number(said.color));
    }
    for (std::size_t i = 0; i < shape_words.size(); ++i) {
      EXPECT_EQ(says(caption, shape_words[i]), shapes.contains(static_cast<int>(i)))
          << caption.text;
    }
    for (std::size_t i = 0; i < color_words.size(); ++i) {
      const bool ground =
          caption.ground && word(ground_words, *caption.ground) == std::string_view(color_words[i]);
      EXPECT_EQ(says(caption, color_words[i]), ground || colors.contains(static_cast<int>(i)))
          << caption.text;
    }
  });
}

TEST(Caption, IsFalseOnceAnAttributeDiffers) {
  const Thing circle{Shape::circle, Color::red, Extent::small, Place::left};
  const Thing star{Shape::star, Color::blue, Extent::large, Place::right};
  const Scene both{{circle, star}, Ground::black, 1};
  const Mention red_circle{Shape::circle, Color::red, {}, {}};
  const Mention blue{{}, Color::blue, {}, Place::right};
  EXPECT_TRUE(fits({"", {red_circle}, {}}, both));
  EXPECT_TRUE(fits({"", {red_circle, blue}, Ground::black}, both));
  EXPECT_TRUE(fits({"", {blue, red_circle}, {}}, both)) << "in either order";
  EXPECT_FALSE(fits({"", {red_circle}, Ground::white}, both));
  EXPECT_FALSE(fits({"", {{Shape::circle, Color::blue, {}, {}}}, {}}, both))
      << "of two things' attributes";
  EXPECT_FALSE(fits({"", {{{}, Color::blue, {}, Place::left}}, {}}, both));
  EXPECT_FALSE(fits({"", {red_circle, red_circle}, {}}, both)) << "one thing is not two";
  EXPECT_FALSE(fits({"", {red_circle, blue}, {}}, {{circle}, Ground::black, 1}));
}

TEST(Caption, ItsWordsAreKnown) {
  const std::vector<std::string> words = caption_words();
  const std::set<std::string> known(words.begin(), words.end());
  EXPECT_EQ(known.size(), words.size());
  for_scenes(2000, [&](const Scene&, const Caption& caption) {
    for (const std::string& word : words_of(caption.text)) {
      EXPECT_TRUE(known.contains(word)) << word;
    }
  });
  for (const char* word : color_words) {
    EXPECT_TRUE(known.contains(word)) << word;
  }
}

TEST(Picture, ShowsItsColours) {
  const Scene scene{{{Shape::square, Color::red, Extent::large, Place::left}}, Ground::blue, 5};
  const Picture picture = paint(scene, 64);
  ASSERT_EQ(picture.rgb.size(), 64u * 64 * 3);
  const auto at = [&](std::size_t row, std::size_t column, std::size_t channel) {
    return static_cast<int>(picture.rgb[(row * 64 + column) * 3 + channel]);
  };
  EXPECT_GT(at(32, 17, 0), at(32, 17, 2) + 60) << "red";
  EXPECT_GT(at(32, 60, 2), at(32, 60, 0) + 60) << "blue";
}

TEST(Picture, AreaTellsShapesAndSizesApart) {
  // Pixels of the thing: red ones on black.
  const auto area = [](Shape shape, Extent extent) {
    const Scene scene{{{shape, Color::red, extent, Place::middle}}, Ground::black, 5};
    const Picture picture = paint(scene, 64);
    int count = 0;
    for (std::size_t i = 0; i < picture.rgb.size(); i += 3) {
      count += picture.rgb[i] > 130 ? 1 : 0;
    }
    return count;
  };
  EXPECT_GT(area(Shape::circle, Extent::large), 3 * area(Shape::circle, Extent::small) / 2);
  EXPECT_GT(area(Shape::circle, Extent::large), area(Shape::ring, Extent::large) * 5 / 4);
  EXPECT_GT(area(Shape::square, Extent::large), area(Shape::star, Extent::large) * 5 / 4);
  EXPECT_GT(area(Shape::triangle, Extent::small), 30);
  EXPECT_GT(area(Shape::cross, Extent::small), 30);
}

TEST(Picture, IsReadBackFromItsFile) {
  const test::TempDir dir;
  Random random(1);
  const Picture picture = paint(draw_scene(random), 24);
  write_ppm(picture, dir / "a.ppm");
  const pictures::Picture read = pictures::read_picture(dir / "a.ppm");
  EXPECT_EQ(read.width, 24u);
  EXPECT_EQ(read.height, 24u);
  EXPECT_EQ(read.rgb, picture.rgb);
  EXPECT_EQ(test::code_of([&] { write_ppm(picture, dir.path() / "none" / "a.ppm"); }), Code::io);
}

}  // namespace
}  // namespace crayon::train::scenes
