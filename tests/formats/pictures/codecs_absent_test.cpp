// In place of png_test.cpp and jpeg_test.cpp in a build without libpng and libjpeg.
#include <gtest/gtest.h>

#include "formats/pictures/picture.h"
#include "tests/support/support.h"

namespace crayon::pictures {
namespace {

TEST(CodecsAbsent, AreNamed) {
  EXPECT_FALSE(codecs_are_built_in());
  for (const std::string name : {"PNG", "JPEG"}) {
    const std::string bytes = name == "PNG" ? "\x89PNG\r\n\x1a\n" : "\xff\xd8\xff";
    std::string sentence;
    EXPECT_EQ(test::code_of([&] { decode_picture(as_bytes(bytes), "test"); }, &sentence),
              Code::unsupported);
    EXPECT_EQ(sentence, "test: " + name + " is not built in");
  }
}

}  // namespace
}  // namespace crayon::pictures
