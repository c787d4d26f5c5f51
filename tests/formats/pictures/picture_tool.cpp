// What test_pillow.py holds against Pillow. Reads lines from its input:
//   decode FILE OUT          [height][width][3] bytes
//   resize FILE W H OUT      the same
//   normalise FILE SIZE OUT  [3][SIZE][SIZE] float32
#include <fstream>
#include <iostream>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "formats/pictures/normalise.h"
#include "formats/pictures/resize.h"

namespace {

using namespace crayon;

std::string text_of(ByteSpan bytes) {
  return {bytes.begin(), bytes.end()};
}

void obey(std::istream& in) {
  std::string verb;
  std::string file;
  std::string out;
  while (in >> verb >> file) {
    const pictures::Picture picture = pictures::read_picture(file);
    if (verb == "decode") {
      in >> out;
      write_text(out, text_of(picture.rgb));
    } else if (verb == "resize") {
      std::uint32_t width = 0;
      std::uint32_t height = 0;
      in >> width >> height >> out;
      write_text(out, text_of(pictures::resize_bicubic(picture, width, height).rgb));
    } else {
      pictures::Preprocessing wanted;
      in >> wanted.size >> out;
      const std::vector<float> values = pictures::normalise(picture, wanted);
      write_text(out, text_of(as_bytes(std::span<const float>(values))));
    }
  }
}

}  // namespace

int main() {
  try {
    obey(std::cin);
    return 0;
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
