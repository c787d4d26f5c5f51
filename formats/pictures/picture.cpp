#include "formats/pictures/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "formats/error_context.h"
#include "formats/pictures/decoders.h"

namespace crayon::pictures {
namespace {

constexpr std::array<std::uint8_t, 8> png_signature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr std::array<std::uint8_t, 3> jpeg_signature = {0xff, 0xd8, 0xff};

bool starts_with(ByteSpan bytes, ByteSpan prefix) {
  return bytes.size() >= prefix.size() && std::ranges::equal(bytes.first(prefix.size()), prefix);
}

bool is_pnm(ByteSpan bytes) {
  return bytes.size() >= 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7';
}

Picture decode(ByteSpan bytes) {
  if (starts_with(bytes, png_signature)) {
    return decode_png(bytes);
  }
  if (starts_with(bytes, jpeg_signature)) {
    return decode_jpeg(bytes);
  }
  if (is_pnm(bytes)) {
    return decode_pnm(bytes);
  }
  throw Error(Code::unsupported, "not a PNG, JPEG, PPM or PGM picture",
              "convert it to one of these");
}

}  // namespace

void check_size(std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0) {
    throw Error(Code::malformed, fmt::format("a picture of {} x {} pixels", width, height),
                "get or make the file again");
  }
  if (width > largest_side || height > largest_side || width * height > most_pixels) {
    throw Error(Code::over_limit,
                fmt::format("a picture of {} x {} pixels, more than {} on a side or {} in all",
                            width, height, largest_side, most_pixels),
                "make it smaller");
  }
}

Picture make_picture(std::uint64_t width, std::uint64_t height) {
  check_size(width, height);
  return {.width = static_cast<std::uint32_t>(width),
          .height = static_cast<std::uint32_t>(height),
          .rgb = std::vector<std::uint8_t>(width * height * 3)};
}

Picture decode_picture(ByteSpan bytes, std::string_view where) {
  return formats::with_prefix([&] { return fmt::format("{}: ", where); },
                              [&] { return decode(bytes); });
}

Picture read_picture(const std::filesystem::path& path) {
  const File file(path);
  if (file.size() > largest_file) {
    throw Error(Code::over_limit,
                fmt::format("{}: a file of {} bytes, more than {}", path.string(), file.size(),
                            largest_file),
                "make the picture smaller");
  }
  std::vector<std::uint8_t> bytes(file.size());
  file.read_at(0, bytes);
  return decode_picture(bytes, path.string());
}

}  // namespace crayon::pictures
