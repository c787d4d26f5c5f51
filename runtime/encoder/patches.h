#pragma once

#include <span>
#include <vector>

#include "formats/model_config.h"

namespace crayon::encoder {

/// An image as an image tower reads it (Dosovitskiy et al. 2021): pixels
/// [3][image_size][image_size]
/// -> patches [patches][3][patch_size][patch_size], from left to right and top to bottom.
std::vector<float> cut_patches(std::span<const float> pixels, const formats::ModelConfig& config);

}  // namespace crayon::encoder
