#include "formats/pictures/normalise.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/support.h"

namespace crayon::pictures {
namespace {

using test::code_of;

constexpr Preprocessing plain = {.size = 2, .mean = {0, 0, 0}, .deviation = {1, 1, 1}};

/// A picture whose red is the column and whose green is the row.
Picture coordinates(std::uint32_t width, std::uint32_t height) {
  Picture picture = {width, height, {}};
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      picture.rgb.insert(picture.rgb.end(), {std::uint8_t(x), std::uint8_t(y), 0});
    }
  }
  return picture;
}

TEST(Normalise, PutsChannelsFirst) {
  const Picture picture = {2, 2, {0, 51, 102, 255, 51, 102, 0, 51, 102, 0, 51, 102}};
  const std::vector<float> wanted = {0,    1,    0,    0,     // red
                                     0.2f, 0.2f, 0.2f, 0.2f,  // green
                                     0.4f, 0.4f, 0.4f, 0.4f};
  EXPECT_EQ(normalise(picture, plain), wanted);
}

TEST(Normalise, CentresAndScalesEachChannel) {
  const Preprocessing wanted = {.size = 1, .mean = {0.25f, 0.5f, 1}, .deviation = {0.5f, 2, 0.25f}};
  EXPECT_EQ(normalise({1, 1, {255, 255, 0}}, wanted), (std::vector<float>{1.5f, 0.25f, -4}));
}

TEST(Normalise, HasTheValuesOfClip) {
  const std::vector<float> black = normalise({1, 1, {0, 0, 0}}, {});
  ASSERT_EQ(black.size(), std::size_t{3} * 224 * 224);
  // As they are found in many places: of a black picture.
  EXPECT_NEAR(black[0], -1.7923, 1e-4);
  EXPECT_NEAR(black[224 * 224], -1.7521, 1e-4);
  EXPECT_NEAR(black[2 * 224 * 224], -1.4802, 1e-4);
}

TEST(Normalise, KeepsTheMiddle) {
  // Of five columns, two are kept: one goes on the left, two on the right. Rows likewise.
  const std::vector<float> wide = normalise(coordinates(5, 2), plain);
  EXPECT_EQ(wide[0], 1.0f / 255);
  EXPECT_EQ(wide[1], 2.0f / 255);
  const std::vector<float> high = normalise(coordinates(2, 5), plain);
  EXPECT_EQ(high[4], 1.0f / 255);
  EXPECT_EQ(high[6], 2.0f / 255);
}

TEST(Normalise, TakesPicturesFarFromSquare) {
  const Picture line = {largest_side, 1,
                        std::vector<std::uint8_t>(std::size_t{3} * largest_side, 255)};
  const Preprocessing wanted = {.size = 3, .mean = {0, 0, 0}, .deviation = {1, 1, 1}};
  EXPECT_EQ(normalise(line, wanted), std::vector<float>(27, 1.0f));
  EXPECT_EQ(normalise({1, largest_side, line.rgb}, wanted), std::vector<float>(27, 1.0f));
}

TEST(Normalise, RefusesWhatGivesNoNumbers) {
  const auto code_of_wanted = [](std::uint32_t size, float mean, float deviation) {
    const Preprocessing wanted = {size, {0, mean, 0}, {1, 1, deviation}};
    return code_of([&] { normalise(coordinates(2, 2), wanted); });
  };
  EXPECT_EQ(code_of_wanted(0, 0, 1), Code::bad_argument);
  EXPECT_EQ(code_of_wanted(largest_input + 1, 0, 1), Code::bad_argument);
  EXPECT_EQ(code_of_wanted(2, 0, 0), Code::bad_argument);
  EXPECT_EQ(code_of_wanted(2, 0, -1), Code::bad_argument);
  EXPECT_EQ(code_of_wanted(2, 0, std::numeric_limits<float>::infinity()), Code::bad_argument);
  EXPECT_EQ(code_of_wanted(2, std::numeric_limits<float>::quiet_NaN(), 1), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::pictures
