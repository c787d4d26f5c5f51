#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "formats/pictures/picture.h"
#include "tests/formats/pictures/encoded_pictures.h"
#include "tests/formats/pictures/noise.h"
#include "tests/support/support.h"

namespace crayon::pictures {
namespace {

using test::Bytes;
using test::code_of;
using test::encode_jpeg;
using test::JpegParts;

/// Squares of 16 x 16 pixels, one beside the other: they stay what they are but for rounding.
JpegParts squares(const std::vector<Bytes>& colours) {
  JpegParts parts = {.width = static_cast<std::uint32_t>(16 * colours.size()),
                     .height = 16,
                     .components = static_cast<int>(colours.front().size()),
                     .samples = {}};
  for (std::uint32_t y = 0; y < parts.height; ++y) {
    for (const Bytes& colour : colours) {
      for (int x = 0; x < 16; ++x) {
        parts.samples.insert(parts.samples.end(), colour.begin(), colour.end());
      }
    }
  }
  return parts;
}

int largest_difference(const Bytes& a, const Bytes& b) {
  int largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(int{a[i]} - int{b[i]}));
  }
  return largest;
}

/// The red at the middle of the picture's quarters: top left, top right, bottom left, bottom right.
Bytes reds_of_quarters(const Picture& picture) {
  Bytes reds;
  for (const std::uint32_t y : {picture.height / 4, picture.height * 3 / 4}) {
    for (const std::uint32_t x : {picture.width / 4, picture.width * 3 / 4}) {
      reds.push_back(picture.rgb[(std::size_t{y} * picture.width + x) * 3]);
    }
  }
  return reds;
}

Bytes small_jpeg(bool progressive) {
  return encode_jpeg({.width = 19,
                      .height = 13,
                      .samples = test::noise(19 * 13 * 3, 4),
                      .progressive = progressive,
                      .exif = test::exif_of(1, false)});
}

TEST(Jpeg, ReadsColours) {
  JpegParts parts = squares({{200, 30, 60}, {10, 220, 90}});
  for (const bool progressive : {false, true}) {
    parts.progressive = progressive;
    const Picture picture = decode_picture(encode_jpeg(parts), "test");
    EXPECT_EQ(picture.width, 32u);
    EXPECT_EQ(picture.height, 16u);
    ASSERT_EQ(picture.rgb.size(), parts.samples.size());
    // The squares' chroma is smoothed where they meet.
    const Bytes left(picture.rgb.begin(), picture.rgb.begin() + 3 * 14);
    EXPECT_LE(largest_difference(left, parts.samples), 2);
  }
}

TEST(Jpeg, RepeatsGrey) {
  const Picture picture = decode_picture(encode_jpeg(squares({{0}, {77}, {255}})), "test");
  EXPECT_EQ(picture.rgb, squares({{0, 0, 0}, {77, 77, 77}, {255, 255, 255}}).samples);
}

TEST(Jpeg, StandsUpright) {
  JpegParts parts = {.width = 48, .height = 32, .components = 1, .samples = {}};
  for (std::uint32_t y = 0; y < parts.height; ++y) {
    for (std::uint32_t x = 0; x < parts.width; ++x) {
      parts.samples.push_back(static_cast<std::uint8_t>(40 * (1 + x / 24 + 2 * (y / 16))));
    }
  }
  const std::vector<Bytes> wanted = {{40, 80, 120, 160}, {80, 40, 160, 120}, {160, 120, 80, 40},
                                     {120, 160, 40, 80}, {40, 120, 80, 160}, {120, 40, 160, 80},
                                     {160, 80, 120, 40}, {80, 160, 40, 120}};
  for (std::uint8_t orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big_endian : {false, true}) {
      parts.exif = test::exif_of(orientation, big_endian);
      const Picture picture = decode_picture(encode_jpeg(parts), "test");
      EXPECT_EQ(picture.width, orientation < 5 ? 48u : 32u);
      EXPECT_EQ(picture.height, orientation < 5 ? 32u : 48u);
      EXPECT_EQ(reds_of_quarters(picture), wanted[orientation - 1]) << int{orientation};
    }
  }
}

TEST(Jpeg, IgnoresDamagedExif) {
  JpegParts parts = squares({{40}, {80}});
  const Bytes upright = decode_picture(encode_jpeg(parts), "test").rgb;
  const Bytes exif = test::exif_of(6, false);
  parts.exif = test::exif_of(9, false);
  EXPECT_EQ(decode_picture(encode_jpeg(parts), "test").rgb, upright);
  // All that is read ends with the value, in front of the offset of a further directory.
  for (std::size_t size = 1; size < exif.size() - 6; ++size) {
    parts.exif = Bytes(exif.begin(), exif.begin() + size);
    EXPECT_EQ(decode_picture(encode_jpeg(parts), "test").rgb, upright) << size;
  }
}

TEST(Jpeg, RefusesColoursOfPrinters) {
  std::string sentence;
  const Bytes cmyk = encode_jpeg(squares({{1, 2, 3, 4}}));
  EXPECT_EQ(code_of([&] { decode_picture(cmyk, "a.jpg"); }, &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("CMYK"), std::string::npos) << sentence;
}

TEST(Jpeg, EndsNowhereEarlier) {
  for (const bool progressive : {false, true}) {
    const Bytes whole = small_jpeg(progressive);
    ASSERT_NO_THROW(decode_picture(whole, "test"));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Code code = code_of([&] { decode_picture(ByteSpan(whole).first(size), "test"); });
      EXPECT_EQ(code, size < 3 ? Code::unsupported : Code::truncated) << size;
    }
  }
}

TEST(Jpeg, RefusesAScanThatEndsTooEarly) {
  const Bytes whole = small_jpeg(false);
  Bytes cut(whole.begin(), whole.end() - 200);
  cut.insert(cut.end(), {0xff, 0xd9});
  EXPECT_EQ(code_of([&] { decode_picture(cut, "test"); }), Code::truncated);
}

TEST(Jpeg, HasLimitsThatComeBeforeMemory) {
  const Bytes whole = small_jpeg(false);
  constexpr Bytes::value_type frame[] = {0xff, 0xc0, 0, 17, 8};  // height and width follow
  const auto found = std::ranges::search(whole, frame);
  ASSERT_FALSE(found.empty());
  const auto code_of_size = [&](std::uint32_t width, std::uint32_t height) {
    Bytes changed = whole;
    const auto at = changed.begin() + (found.end() - whole.begin());
    at[0] = static_cast<std::uint8_t>(height >> 8);
    at[1] = static_cast<std::uint8_t>(height);
    at[2] = static_cast<std::uint8_t>(width >> 8);
    at[3] = static_cast<std::uint8_t>(width);
    return code_of([&] { decode_picture(changed, "test"); });
  };
  EXPECT_EQ(code_of_size(largest_side + 1, 1), Code::over_limit);
  EXPECT_EQ(code_of_size(1, largest_side + 1), Code::over_limit);
  EXPECT_EQ(code_of_size(65535, 65535), Code::over_limit);
  EXPECT_EQ(code_of_size(8193, 8192), Code::over_limit);
  EXPECT_EQ(code_of_size(8192, 8192), Code::truncated);  // no such few bytes hold as many pixels
  EXPECT_EQ(code_of_size(0, 1), Code::malformed);
}

}  // namespace
}  // namespace crayon::pictures
