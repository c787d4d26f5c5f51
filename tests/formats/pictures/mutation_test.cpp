// Whatever the bytes, decoding gives a picture or an Error. Most of what it finds, the sanitizers
// see.
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "formats/pictures/picture.h"
#include "tests/formats/pictures/encoded_pictures.h"
#include "tests/formats/pictures/noise.h"

namespace crayon::pictures {
namespace {

using test::Bytes;

constexpr int mutations = 1000;  // of each file

Bytes mutate(Bytes bytes, std::mt19937& random) {
  const auto below = [&](std::size_t limit) { return random() % limit; };
  for (std::size_t count = 1 + below(4); count > 0 && !bytes.empty(); --count) {
    const auto at = bytes.begin() + below(bytes.size());
    switch (below(4)) {
      case 0:
        *at = static_cast<std::uint8_t>(random());
        break;
      case 1:
        *at ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 2:
        bytes.erase(at, at + below(std::min<std::size_t>(bytes.end() - at, 16) + 1));
        break;
      default:
        bytes.insert(at, below(16), static_cast<std::uint8_t>(random()));
    }
  }
  return bytes;
}

/// How many of the mutations are pictures still.
int count_pictures(const Bytes& valid, std::uint32_t seed) {
  std::mt19937 random(seed);
  int pictures = 0;
  for (int i = 0; i < mutations; ++i) {
    try {
      const Picture picture = decode_picture(mutate(valid, random), "test");
      EXPECT_EQ(picture.rgb.size(), std::size_t{3} * picture.width * picture.height);
      EXPECT_FALSE(picture.rgb.empty());
      ++pictures;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find("test: "), 0u) << error.what();
    }
  }
  return pictures;
}

/// Some are pictures and some are not, or else this is no test.
void expect_total(const Bytes& valid) {
  const int pictures = count_pictures(valid, 5);
  EXPECT_GT(pictures, 0);
  EXPECT_LT(pictures, mutations);
}

TEST(Mutation, OfPnm) {
  expect_total(test::bytes_of("P3\n# a comment\n2 2\n255\n1 2 3 4 5 6 7 8 9 10 11 12\n"));
  expect_total(test::bytes_of("P6\n2 2\n255\nabcdefghijkl"));
  expect_total(test::bytes_of("P5\n2 2\n65535\nabcdefgh"));
}

TEST(Mutation, OfPng) {
  for (const bool interlaced : {false, true}) {
    expect_total(test::encode_png({.width = 9,
                                   .height = 7,
                                   .rows = test::noise(9 * 7 * 3, 6),
                                   .interlaced = interlaced,
                                   .exif = test::exif_of(6, true)}));
  }
  expect_total(test::encode_png({.width = 8,
                                 .height = 2,
                                 .bit_depth = 4,
                                 .colour_type = 3,
                                 .rows = test::noise(8, 7),
                                 .palette = test::noise(16 * 3, 8),
                                 .alphas = {1, 2}}));
}

TEST(Mutation, OfJpeg) {
  for (const bool progressive : {false, true}) {
    for (const int components : {1, 3}) {
      expect_total(test::encode_jpeg({.width = 19,
                                      .height = 13,
                                      .components = components,
                                      .samples = test::noise(19 * 13 * components, 9),
                                      .progressive = progressive,
                                      .exif = test::exif_of(8, false)}));
    }
  }
}

}  // namespace
}  // namespace crayon::pictures
