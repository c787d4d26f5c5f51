#include "formats/pictures/resize.h"

#include <gtest/gtest.h>

#include <string_view>

#include "base/fnv.h"
#include "tests/formats/pictures/noise.h"
#include "tests/support/support.h"

namespace crayon::pictures {
namespace {

using test::code_of;
using Bytes = std::vector<std::uint8_t>;

Picture noise_of(std::uint32_t width, std::uint32_t height) {
  return {width, height, test::noise(std::size_t{3} * width * height, width * 100 + height)};
}

std::uint64_t hash_of(const Bytes& bytes) {
  return fnv1a({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// What Pillow 9.4 makes of noise_of(width, height). More of them, on random sizes: test_pillow.py.
struct Resized {
  std::uint32_t width, height, to_width, to_height;
  Bytes rgb;
};
const Resized small[] = {
    {4, 3, 2, 2, {102, 183, 149, 116, 151, 116, 111, 126, 129, 129, 85, 103}},
    {3, 2, 5, 3, {69,  168, 158, 133, 175, 139, 220, 173, 101, 172, 106, 47,  130, 62,  16,
                  162, 195, 145, 177, 167, 160, 188, 127, 178, 133, 147, 150, 95,  165, 129,
                  255, 222, 131, 220, 158, 181, 156, 80,  255, 93,  188, 252, 59,  255, 242}},
    {1, 1, 2, 2, {70, 112, 249, 70, 112, 249, 70, 112, 249, 70, 112, 249}},
    {9, 1, 2, 1, {115, 112, 158, 150, 127, 137}},
    {1, 7, 1, 3, {121, 205, 125, 127, 133, 112, 79, 96, 167}},
    {2, 2, 1, 4, {57, 72, 106, 63, 92, 89, 72, 133, 55, 78, 153, 38}},
};
struct ResizedHash {
  std::uint32_t width, height, to_width, to_height;
  std::uint64_t hash;
};
constexpr ResizedHash large[] = {
    {97, 61, 224, 141, 0xdc0243c0dfbbacc1},
    {640, 427, 335, 224, 0x80ac90a55a377cc5},
    {1023, 3, 1, 50, 0xd880cbf39f5e3189},
    {2, 500, 33, 7, 0xc468990905c711df},
};

TEST(Resize, GivesPillowsPixels) {
  for (const Resized& wanted : small) {
    const Picture resized =
        resize_bicubic(noise_of(wanted.width, wanted.height), wanted.to_width, wanted.to_height);
    EXPECT_EQ(resized.width, wanted.to_width);
    EXPECT_EQ(resized.height, wanted.to_height);
    EXPECT_EQ(resized.rgb, wanted.rgb) << wanted.width << " x " << wanted.height;
  }
  for (const ResizedHash& wanted : large) {
    const Picture resized =
        resize_bicubic(noise_of(wanted.width, wanted.height), wanted.to_width, wanted.to_height);
    EXPECT_EQ(hash_of(resized.rgb), wanted.hash) << wanted.width << " x " << wanted.height;
  }
}

TEST(Resize, KeepsAPictureOfTheSameSize) {
  const Picture picture = noise_of(31, 17);
  EXPECT_EQ(resize_bicubic(picture, 31, 17).rgb, picture.rgb);
}

TEST(Resize, KeepsAColour) {
  Picture picture = {37, 23, {}};
  for (int i = 0; i < 37 * 23; ++i) {
    picture.rgb.insert(picture.rgb.end(), {0, 131, 255});
  }
  for (const auto& [width, height] : {std::pair(5u, 300u), std::pair(300u, 5u)}) {
    const Picture resized = resize_bicubic(picture, width, height);
    for (std::size_t i = 0; i < resized.rgb.size(); i += 3) {
      ASSERT_EQ(Bytes(&resized.rgb[i], &resized.rgb[i] + 3), (Bytes{0, 131, 255})) << i;
    }
  }
}

TEST(Resize, AWindowIsAPartOfTheWhole) {
  const Picture picture = noise_of(50, 40);
  for (const auto& [width, height] : {std::pair(120u, 13u), std::pair(20u, 90u)}) {
    const Picture whole = resize_bicubic(picture, width, height);
    const Window window = {7, 2, 11, 10};
    const Picture part = resize_bicubic(picture, width, height, window);
    ASSERT_EQ(part.width, 11u);
    ASSERT_EQ(part.height, 10u);
    for (std::uint32_t y = 0; y < 10; ++y) {
      const auto* row = &whole.rgb[((y + 2) * std::size_t{width} + 7) * 3];
      EXPECT_EQ(Bytes(&part.rgb[y * 33], &part.rgb[y * 33] + 33), Bytes(row, row + 33)) << y;
    }
  }
}

TEST(Resize, ThePictureMayBeFarLargerThanTheWindow) {
  Picture line = {largest_side, 1, Bytes(std::size_t{3} * largest_side, 9)};
  const Picture middle = resize_bicubic(line, 4096 * largest_side, 4096, {1u << 25, 2000, 5, 3});
  EXPECT_EQ(middle.rgb, Bytes(5 * 3 * 3, 9));
}

TEST(Resize, RefusesWindowsOutside) {
  const Picture picture = noise_of(4, 4);
  for (const Window& window :
       {Window{0, 0, 0, 1}, Window{0, 0, 1, 0}, Window{8, 0, 1, 1}, Window{0, 7, 1, 2},
        Window{0xffffffff, 0, 2, 1}, Window{1, 0, 0xffffffff, 1}}) {
    EXPECT_EQ(code_of([&] { resize_bicubic(picture, 8, 8, window); }), Code::bad_argument);
  }
  EXPECT_EQ(code_of([&] { resize_bicubic(picture, 0, 8); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { resize_bicubic(picture, largest_side + 1, 1); }), Code::over_limit);
}

}  // namespace
}  // namespace crayon::pictures
