#pragma once

#include <cstdint>

#include "formats/pictures/picture.h"

namespace crayon::pictures {

/// A part of a picture, in pixels from its top left.
struct Window {
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

/// The part `window` of what `picture` is when resized to `width` x `height`, whatever lies outside
/// of it is not computed. The pixels are, bit for bit, those of Pillow's `image.resize((width,
/// height), Image.BICUBIC).crop(window)`:
///
/// * Keys' cubic convolution with a = -1/2 (R. G. Keys, Cubic convolution interpolation for digital
///   image processing, IEEE TASSP 29, 1981, equation 15), stretched by the factor of shrinking
///   where there is one, against aliasing, cut off at the picture's edge, and scaled to sum to 1;
/// * weights rounded to 22 binary places; first along rows, then along columns, each rounded to 8
/// bits.
///
/// Throws bad_argument for an empty window or one that is not inside, and over_limit for one beyond
/// the limits of picture.h, which `width` and `height` may exceed.
Picture resize_bicubic(const Picture& picture, std::uint32_t width, std::uint32_t height,
                       const Window& window);

/// The whole of it.
Picture resize_bicubic(const Picture& picture, std::uint32_t width, std::uint32_t height);

}  // namespace crayon::pictures
