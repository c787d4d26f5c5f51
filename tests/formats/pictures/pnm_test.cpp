#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "formats/pictures/picture.h"
#include "tests/support/support.h"

namespace crayon::pictures {
namespace {

using test::code_of;
using test::TempDir;
using std::string_literals::operator""s;
using Bytes = std::vector<std::uint8_t>;

Picture decode(const std::string& text) {
  return decode_picture(as_bytes(text), "test");
}

Code code_of_decoding(const std::string& text) {
  return code_of([&] { decode(text); });
}

TEST(Pnm, ReadsBinaryColours) {
  const Picture picture = decode("P6\n2 1\n255\n\x01\x02\x03\xfd\xfe\xff"s);
  EXPECT_EQ(picture.width, 2u);
  EXPECT_EQ(picture.height, 1u);
  EXPECT_EQ(picture.rgb, (Bytes{1, 2, 3, 253, 254, 255}));
}

TEST(Pnm, ReadsPlainColoursAndComments) {
  const Picture picture = decode("P3 # kind\n# size 9 9\n1 2\n255\n1 2 3\n 4\t5 # six\n6");
  EXPECT_EQ(picture.width, 1u);
  EXPECT_EQ(picture.height, 2u);
  EXPECT_EQ(picture.rgb, (Bytes{1, 2, 3, 4, 5, 6}));
}

TEST(Pnm, RepeatsGrey) {
  EXPECT_EQ(decode("P5 2 1 255 \x07\xff"s).rgb, (Bytes{7, 7, 7, 255, 255, 255}));
  EXPECT_EQ(decode("P2 2 1 255 7 255").rgb, (Bytes{7, 7, 7, 255, 255, 255}));
}

TEST(Pnm, ScalesToTheNearestOfEightBits) {
  EXPECT_EQ(decode("P5 3 1 1 \x00\x01\x01"s).rgb, (Bytes{0, 0, 0, 255, 255, 255, 255, 255, 255}));
  EXPECT_EQ(decode("P3 1 1 1000 0 499 1000").rgb, (Bytes{0, 127, 255}));
  // 128 * 257 - 129 is the last that is nearer to 127.
  EXPECT_EQ(decode("P6 1 1 65535 \x7f\x7f\x7f\xff\x80\x00"s).rgb, (Bytes{127, 127, 128}));
}

TEST(Pnm, IgnoresWhatFollowsThePicture) {
  EXPECT_EQ(decode("P6 1 1 255 abcP6 1 1 255 def").rgb, (Bytes{'a', 'b', 'c'}));
}

TEST(Pnm, EndsNowhereEarlier) {
  for (const std::string& whole :
       {"P6\n2 1\n255\nabcdef"s, "P5\n2 2\n65535\nabcdefgh"s, "P3 1 1 255 1 2 3"s, "P2 1 1 9 9"s}) {
    ASSERT_NO_THROW(decode(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Code code = code_of_decoding(whole.substr(0, size));
      EXPECT_EQ(code, size < 2 ? Code::unsupported : Code::truncated) << whole << " " << size;
    }
  }
}

TEST(Pnm, RefusesWhatIsNoPicture) {
  EXPECT_EQ(code_of_decoding("P6 0 1 255 "), Code::malformed);
  EXPECT_EQ(code_of_decoding("P6 1 -1 255 abc"), Code::malformed);
  EXPECT_EQ(code_of_decoding("P6 1 1 0 abc"), Code::malformed);
  EXPECT_EQ(code_of_decoding("P6 1 1 65536 abcdef"), Code::malformed);
  EXPECT_EQ(code_of_decoding("P6 1 1 255#abc"), Code::malformed);
  EXPECT_EQ(code_of_decoding("P61 1 255 abc"), Code::malformed);
  EXPECT_EQ(code_of_decoding("P3 1 1 9 9 9 10"), Code::malformed);
  EXPECT_EQ(code_of_decoding("P5 1 1 9 \x0a"), Code::malformed);
  EXPECT_EQ(code_of_decoding("P4 8 1 a"), Code::unsupported);
  EXPECT_EQ(code_of_decoding("P7\nWIDTH 1\n"), Code::unsupported);
  EXPECT_EQ(code_of_decoding(""), Code::unsupported);
  EXPECT_EQ(code_of_decoding("GIF89a"), Code::unsupported);
}

TEST(Pnm, HasLimitsThatComeBeforeMemory) {
  EXPECT_EQ(code_of_decoding("P6 16385 1 255 "), Code::over_limit);
  EXPECT_EQ(code_of_decoding("P6 1 16385 255 "), Code::over_limit);
  EXPECT_EQ(code_of_decoding("P6 8193 8192 255 "), Code::over_limit);
  EXPECT_EQ(code_of_decoding("P6 18446744073709551617 1 255 "), Code::over_limit);
  EXPECT_EQ(code_of_decoding("P6 8192 8192 255 "), Code::truncated);
  EXPECT_EQ(code_of_decoding("P3 8192 8192 255 "), Code::truncated);
}

TEST(Pnm, ErrorsNameTheFile) {
  const TempDir folder;
  const auto path = folder / "cut.png";
  std::ofstream(path) << "P6 1 1 255 ab";
  std::string sentence;
  EXPECT_EQ(code_of([&] { read_picture(path); }, &sentence), Code::truncated);
  EXPECT_EQ(sentence.find(path.string() + ": "), 0u) << sentence;
  std::ofstream(path, std::ios::app) << "c";
  EXPECT_EQ(read_picture(path).rgb, (Bytes{'a', 'b', 'c'}));
  EXPECT_EQ(code_of([&] { read_picture(folder / "absent.ppm"); }), Code::not_found);
}

}  // namespace
}  // namespace crayon::pictures
