#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "formats/pictures/picture.h"

namespace crayon::pictures {

/// What an image encoder expects of its input. The defaults are those of CLIP ViT-B and ViT-L
/// (A. Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021;
/// the published code and models). Mean and deviation are of samples in 0..1: red, green, blue.
struct Preprocessing {
  std::uint32_t size = 224;  ///< pixels of width and of height
  std::array<float, 3> mean = {0.48145466f, 0.4578275f, 0.40821073f};
  std::array<float, 3> deviation = {0.26862954f, 0.26130258f, 0.27577711f};
};

constexpr std::uint32_t largest_input = 4096;  ///< of Preprocessing::size

/// CLIP's preprocessing, as Hugging Face's CLIPImageProcessor does it: the picture's shorter side
/// is resized to `size` (bicubic) and the longer one to floor(size * longer / shorter); of that the
/// middle is kept, whose odd pixel lies right or below; samples become (sample / 255 - mean) /
/// deviation. Returns [3][size][size]. Throws bad_argument when `size` is not in 1..largest_input,
/// a mean is not finite, or a deviation is not a finite number above 0.
std::vector<float> normalise(const Picture& picture, const Preprocessing& wanted);

}  // namespace crayon::pictures
