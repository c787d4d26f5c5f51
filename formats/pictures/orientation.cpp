#include "formats/pictures/orientation.h"

#include <algorithm>
#include <utility>

namespace crayon::pictures {
namespace {

constexpr std::uint32_t tiff_mark = 42;
constexpr std::uint32_t orientation_tag = 0x0112;
constexpr std::uint32_t short_type = 3;  // 16 bits
constexpr std::uint64_t entry_bytes = 12;

/// Numbers of a TIFF, in either byte order. What lies behind the end reads as 0.
class TiffNumbers {
 public:
  explicit TiffNumbers(ByteSpan bytes)
      : bytes_(bytes), big_endian_(!bytes.empty() && bytes[0] == 'M') {}

  std::uint32_t read(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) {
      return 0;
    }
    std::uint32_t value = 0;
    for (std::uint64_t i = 0; i < size; ++i) {
      value = value << 8 | bytes_[offset + (big_endian_ ? i : size - 1 - i)];
    }
    return value;
  }

 private:
  ByteSpan bytes_;
  bool big_endian_;
};

}  // namespace

Orientation read_orientation(ByteSpan exif) {
  const TiffNumbers numbers(exif);
  if (numbers.read(2, 2) != tiff_mark) {
    return Orientation::top_left;
  }
  const std::uint64_t directory = numbers.read(4, 4);
  const std::uint32_t entries = numbers.read(directory, 2);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + i * entry_bytes;
    if (numbers.read(entry, 2) == orientation_tag && numbers.read(entry + 2, 2) == short_type) {
      const std::uint32_t value = numbers.read(entry + 8, 2);
      return value >= 1 && value <= 8 ? static_cast<Orientation>(value) : Orientation::top_left;
    }
  }
  return Orientation::top_left;
}

Picture turn_upright(Picture stored, Orientation orientation) {
  if (orientation == Orientation::top_left) {
    return stored;
  }
  const bool transposed = orientation >= Orientation::left_top;
  const bool from_right =
      orientation == Orientation::top_right || orientation == Orientation::bottom_right ||
      orientation == Orientation::right_bottom || orientation == Orientation::left_bottom;
  const bool from_bottom =
      orientation == Orientation::bottom_right || orientation == Orientation::bottom_left ||
      orientation == Orientation::right_top || orientation == Orientation::right_bottom;
  Picture upright = {stored.width, stored.height, std::vector<std::uint8_t>(stored.rgb.size())};
  if (transposed) {
    std::swap(upright.width, upright.height);
  }
  std::uint8_t* out = upright.rgb.data();
  for (std::uint32_t y = 0; y < upright.height; ++y) {
    for (std::uint32_t x = 0; x < upright.width; ++x, out += 3) {
      // From here on in the stored picture.
      const std::uint32_t column = transposed ? y : x;
      const std::uint32_t row = transposed ? x : y;
      const std::uint64_t from_x = from_right ? stored.width - 1 - column : column;
      const std::uint64_t from_y = from_bottom ? stored.height - 1 - row : row;
      std::copy_n(&stored.rgb[(from_y * stored.width + from_x) * 3], 3, out);
    }
  }
  return upright;
}

}  // namespace crayon::pictures
