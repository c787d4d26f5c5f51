// Pictures, of any format, and what an image encoder would get of them.
#include "formats/pictures/picture.h"

#include <cmath>

#include "base/error.h"
#include "formats/pictures/normalise.h"
#include "tests/fuzz/fuzz.h"

namespace crayon::fuzz {
namespace {

bool is_about_files(Code code) {
  return code >= Code::truncated && code <= Code::malformed;
}

void check(ByteSpan bytes) {
  pictures::Picture picture;
  try {
    picture = pictures::decode_picture(bytes, "input");
  } catch (const Error& error) {
    require(is_about_files(error.code()), "an error is about the file");
    require(std::string_view(error.what()).starts_with("input: "), "an error names the file");
    return;
  }
  require(picture.width > 0 && picture.height > 0, "a picture has pixels");
  require(picture.rgb.size() == std::size_t{3} * picture.width * picture.height, "all are there");
  for (const float value : pictures::normalise(picture, {.size = 5})) {
    require(std::abs(value) < 3, "every value is one of a sample");
  }
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check({data, size});
  return 0;
}
