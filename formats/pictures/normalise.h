#pragma once

#include <cstdint>
#include <vector>

#include "formats/image_tower.h"
#include "formats/pictures/picture.h"

namespace crayon::pictures {

/// What an image encoder expects of its input.
struct Preprocessing {
  std::uint32_t size = 224;  ///< pixels of width and of height
  formats::PixelScale scale = {};
};

constexpr std::uint32_t largest_input = 4096;  ///< of Preprocessing::size

/// CLIP's preprocessing, as Hugging Face's CLIPImageProcessor does it: the picture's shorter side
/// is resized to `size` (bicubic) and the longer one to floor(size * longer / shorter); of that the
/// middle is kept, whose odd pixel lies right or below; samples become (sample / 255 - mean) /
/// deviation. Returns [3][size][size]. Throws bad_argument when `size` is not in 1..largest_input,
/// a mean is not finite, or a deviation is not a finite number above 0.
std::vector<float> normalise(const Picture& picture, const Preprocessing& wanted);

}  // namespace crayon::pictures
