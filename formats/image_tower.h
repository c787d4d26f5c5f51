#pragma once

#include <array>

#include "formats/model_config.h"

namespace crayon::formats {

/// How an image's pixels, from 0 to 1, become what a tower reads: (pixel - mean) / deviation, for
/// red, green and blue.
struct PixelScale {
  std::array<float, 3> mean = {0.48145466f, 0.4578275f, 0.40821073f};  ///< as CLIP has it
  std::array<float, 3> deviation = {0.26862954f, 0.26130258f, 0.27577711f};
  bool operator==(const PixelScale&) const = default;
};

/// The image side of a dual encoder (Radford et al. 2021), whose embeddings have the width of its
/// text side's, and lie near those of the texts that describe the image.
struct ImageTower {
  ModelConfig config;
  PixelScale pixels = {};
  /// Factor of cosines before a softmax over texts or images ("temperature"), exponentiated.
  float logit_scale = 100.0f;
  bool operator==(const ImageTower&) const = default;
};

/// Throws corrupt, naming the field, unless the tower fits `text`, which has been checked.
void check(const ImageTower& image, const ModelConfig& text);

}  // namespace crayon::formats
