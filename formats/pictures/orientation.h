#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "formats/pictures/picture.h"

namespace crayon::pictures {

/// How a stored picture has to be turned to stand upright: the values of EXIF's tag Orientation
/// (CIPA DC-008, 4.6.4 A). Where the first stored row and the first stored column belong.
enum class Orientation : std::uint8_t {
  top_left = 1,
  top_right = 2,
  bottom_right = 3,
  bottom_left = 4,
  left_top = 5,
  right_top = 6,
  right_bottom = 7,
  left_bottom = 8,
};

/// The orientation that EXIF data tells, which starts with the header of a TIFF. Data that makes no
/// sense tells none, as metadata is no reason to refuse a picture: top_left.
Orientation read_orientation(ByteSpan exif);

/// The picture upright.
Picture turn_upright(Picture stored, Orientation orientation);

}  // namespace crayon::pictures
