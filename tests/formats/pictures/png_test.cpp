#include <gtest/gtest.h>

#include "formats/pictures/picture.h"
#include "tests/formats/pictures/encoded_pictures.h"
#include "tests/formats/pictures/noise.h"
#include "tests/support/support.h"

namespace crayon::pictures {
namespace {

using test::Bytes;
using test::code_of;
using test::encode_png;
using test::PngParts;

constexpr int grey = 0;
constexpr int palette = 3;
constexpr int grey_alpha = 4;
constexpr int rgb_alpha = 6;

Bytes pixels_of(const PngParts& parts) {
  return decode_picture(encode_png(parts), "test").rgb;
}

TEST(Png, ReadsColours) {
  const Bytes rows = test::noise(5 * 3 * 3, 1);
  const Picture picture =
      decode_picture(encode_png({.width = 5, .height = 3, .rows = rows}), "test");
  EXPECT_EQ(picture.width, 5u);
  EXPECT_EQ(picture.height, 3u);
  EXPECT_EQ(picture.rgb, rows);
}

TEST(Png, ReadsInterlaced) {
  const Bytes rows = test::noise(17 * 11 * 3, 2);
  EXPECT_EQ(pixels_of({.width = 17, .height = 11, .rows = rows, .interlaced = true}), rows);
}

TEST(Png, CutsSixteenBits) {
  EXPECT_EQ(pixels_of({.width = 1, .height = 1, .bit_depth = 16, .rows = {1, 255, 2, 0, 3, 128}}),
            (Bytes{1, 2, 3}));
  EXPECT_EQ(
      pixels_of({.width = 1, .height = 1, .bit_depth = 16, .colour_type = grey, .rows = {9, 255}}),
      (Bytes{9, 9, 9}));
}

TEST(Png, SpreadsFewBitsOfGrey) {
  EXPECT_EQ(
      pixels_of(
          {.width = 3, .height = 1, .bit_depth = 1, .colour_type = grey, .rows = {0b10100000}}),
      (Bytes{255, 255, 255, 0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(
      pixels_of(
          {.width = 2, .height = 1, .bit_depth = 2, .colour_type = grey, .rows = {0b01100000}}),
      (Bytes{85, 85, 85, 170, 170, 170}));
  EXPECT_EQ(
      pixels_of({.width = 2, .height = 1, .bit_depth = 4, .colour_type = grey, .rows = {0x1f}}),
      (Bytes{17, 17, 17, 255, 255, 255}));
}

TEST(Png, LooksUpThePalette) {
  EXPECT_EQ(pixels_of({.width = 3,
                       .height = 1,
                       .bit_depth = 2,
                       .colour_type = palette,
                       .rows = {0b01001000},
                       .palette = {1, 2, 3, 4, 5, 6, 7, 8, 9}}),
            (Bytes{4, 5, 6, 1, 2, 3, 7, 8, 9}));
}

TEST(Png, DropsAlpha) {
  EXPECT_EQ(pixels_of({.width = 1, .height = 1, .colour_type = rgb_alpha, .rows = {1, 2, 3, 0}}),
            (Bytes{1, 2, 3}));
  EXPECT_EQ(pixels_of({.width = 1, .height = 1, .colour_type = grey_alpha, .rows = {5, 100}}),
            (Bytes{5, 5, 5}));
  EXPECT_EQ(pixels_of({.width = 1,
                       .height = 1,
                       .colour_type = palette,
                       .rows = {0},
                       .palette = {1, 2, 3},
                       .alphas = {0}}),
            (Bytes{1, 2, 3}));
}

TEST(Png, StandsUpright) {
  // 1 2    turned a quarter clockwise: 3 1
  // 3 4                                4 2
  const PngParts parts = {.width = 2,
                          .height = 2,
                          .colour_type = grey,
                          .rows = {1, 2, 3, 4},
                          .exif = test::exif_of(6, true)};
  EXPECT_EQ(pixels_of(parts), (Bytes{3, 3, 3, 1, 1, 1, 4, 4, 4, 2, 2, 2}));
}

TEST(Png, EndsNowhereEarlier) {
  const Bytes whole = encode_png({.width = 9, .height = 7, .rows = test::noise(9 * 7 * 3, 3)});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Code code = code_of([&] { decode_picture(ByteSpan(whole).first(size), "test"); });
    EXPECT_EQ(code, size < 8 ? Code::unsupported : Code::truncated) << size;
  }
}

TEST(Png, RefusesDamage) {
  Bytes damaged = encode_png({.width = 9, .height = 7, .rows = test::noise(9 * 7 * 3, 3)});
  damaged[damaged.size() / 2] ^= 1;  // among the pixels; the checksum tells
  std::string sentence;
  EXPECT_EQ(code_of([&] { decode_picture(damaged, "a.png"); }, &sentence), Code::malformed);
  EXPECT_EQ(sentence.find("a.png: PNG: "), 0u) << sentence;
}

/// A PNG of one pixel whose header says that it has others.
Bytes with_size(std::uint32_t width, std::uint32_t height) {
  constexpr std::size_t header = 12;  // its name, which the checksum starts with
  constexpr std::size_t checksum = 29;
  Bytes png = encode_png({.width = 1, .height = 1, .rows = {1, 2, 3}});
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) {
      png[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
    }
  };
  put(header + 4, width);
  put(header + 8, height);
  std::uint32_t remainder = ~0u;  // CRC-32
  for (std::size_t i = header; i < checksum; ++i) {
    remainder ^= png[i];
    for (int bit = 0; bit < 8; ++bit) {
      remainder = remainder >> 1 ^ (remainder & 1u) * 0xedb88320u;
    }
  }
  put(checksum, ~remainder);
  return png;
}

TEST(Png, HasLimitsThatComeBeforeMemory) {
  const auto code_of_size = [](std::uint32_t width, std::uint32_t height) {
    return code_of([&] { decode_picture(with_size(width, height), "test"); });
  };
  ASSERT_NO_THROW(decode_picture(with_size(1, 1), "test"));
  EXPECT_EQ(code_of_size(largest_side + 1, 1), Code::over_limit);
  EXPECT_EQ(code_of_size(1, 0x7fffffff), Code::over_limit);
  EXPECT_EQ(code_of_size(8193, 8192), Code::over_limit);
  EXPECT_EQ(code_of_size(8192, 8192), Code::truncated);  // no such few bytes hold as many pixels
  EXPECT_EQ(code_of_size(0, 1), Code::malformed);
}

}  // namespace
}  // namespace crayon::pictures
