#include "runtime/encoder/patches.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace crayon::encoder {

std::vector<float> cut_patches(std::span<const float> pixels, const formats::ModelConfig& config) {
  const std::size_t side = config.image_size;
  const std::size_t patch = config.patch_size;
  assert(pixels.size() == 3 * side * side);
  std::vector<float> patches(pixels.size());
  float* out = patches.data();
  for (std::size_t top = 0; top < side; top += patch) {
    for (std::size_t left = 0; left < side; left += patch) {
      for (std::size_t colour = 0; colour < 3; ++colour) {
        for (std::size_t row = 0; row < patch; ++row) {
          out = std::copy_n(&pixels[(colour * side + top + row) * side + left], patch, out);
        }
      }
    }
  }
  return patches;
}

}  // namespace crayon::encoder
