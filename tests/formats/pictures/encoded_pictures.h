#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace crayon::test {

using Bytes = std::vector<std::uint8_t>;

/// A PNG, its pixels as libpng takes them: rows of packed samples, 16 bits big-endian.
struct PngParts {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int bit_depth = 8;
  int colour_type = 2;  ///< 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
  Bytes rows;
  bool interlaced = false;
  Bytes palette = {};  ///< [entries][3]
  Bytes alphas = {};   ///< of the palette's first entries
  Bytes exif = {};
};

Bytes encode_png(const PngParts& parts);

struct JpegParts {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int components = 3;  ///< 1 grey, 3 RGB, which is stored as YCbCr, 4 CMYK
  Bytes samples;       ///< [height][width][components]
  bool progressive = false;
  Bytes exif = {};
};

/// At the best quality; colours at half the resolution.
Bytes encode_jpeg(const JpegParts& parts);

/// EXIF data that hold an orientation alone, in either byte order.
Bytes exif_of(std::uint8_t orientation, bool big_endian);

Bytes bytes_of(const std::string& text);

}  // namespace crayon::test
