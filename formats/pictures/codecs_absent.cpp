// In place of png.cpp and jpeg.cpp in a build without libpng and libjpeg.
#include <fmt/format.h>

#include "base/error.h"
#include "formats/pictures/decoders.h"

namespace crayon::pictures {
namespace {

[[noreturn]] void refuse(std::string_view format) {
  throw Error(Code::unsupported, fmt::format("{} is not built in", format),
              "Convert the picture to PPM, or build with CRAYON_PICTURES.");
}

}  // namespace

bool codecs_are_built_in() {
  return false;
}

Picture decode_png(ByteSpan) {
  refuse("PNG");
}

Picture decode_jpeg(ByteSpan) {
  refuse("JPEG");
}

}  // namespace crayon::pictures
