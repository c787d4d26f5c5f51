#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/image_tower.h"
#include "formats/model_config.h"
#include "formats/tensor.h"

namespace crayon::formats {

/// `vector`: norms, biases, ranges and the class token. `positions`: the table of learned
/// positions. `projection`: also those of patches and of an encoder's output. `scales`: what was
/// folded into the others (formats/smoothing.h); no step reads it.
enum class TensorRole : std::uint8_t { embedding, positions, vector, projection, head, scales };

struct ExpectedTensor {
  std::string name;
  Shape shape;
  TensorRole role;
};

/// Every tensor that a model of this configuration has, in the order of the computation, which is
/// their order in a bundle: a loader reads the file front to back.
std::vector<ExpectedTensor> expected_tensors(const ModelConfig& config);

/// The same of all that a bundle has: the model, or a dual encoder's text tower and, each name
/// behind `image_prefix`, its image tower, where it has one.
std::vector<ExpectedTensor> expected_tensors(const ModelConfig& config, const ImageTower* image);

}  // namespace crayon::formats
