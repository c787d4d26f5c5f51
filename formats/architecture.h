#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/model_config.h"
#include "formats/tensor.h"

namespace crayon::formats {

/// `vector`: norms, biases and ranges. `positions`: the table of learned positions. `scales`: what
/// was folded into the others (formats/smoothing.h); no step reads it.
enum class TensorRole : std::uint8_t { embedding, positions, vector, projection, head, scales };

struct ExpectedTensor {
  std::string name;
  Shape shape;
  TensorRole role;
};

/// Every tensor that a model of this configuration has, in the order of the computation, which is
/// their order in a bundle: a loader reads the file front to back.
std::vector<ExpectedTensor> expected_tensors(const ModelConfig& config);

}  // namespace crayon::formats
