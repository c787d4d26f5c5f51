#pragma once

#include <cstdint>
#include <vector>

#include "formats/model_config.h"
#include "runtime/model/aligned.h"

namespace crayon::model {

/// Angle per position of each pair, in radians: [head_dim / 2]. Su et al. 2021; scaling `linear`
/// is position interpolation (Chen et al. 2023), `llama3` that of Llama 3.1, which stretches
/// only the wavelengths that the original context did not cover.
std::vector<double> rope_frequencies(const formats::ModelConfig& config);

/// Cosines and sines for every position of a context, computed in double: at position 100000 a
/// float angle would be off by 1e-2 rad.
class RopeTable {
 public:
  RopeTable(const formats::ModelConfig& config, std::uint32_t context);
  static std::uint64_t bytes(const formats::ModelConfig& config, std::uint32_t context);

  const float* cos(std::uint32_t position) const { return cos_.data() + position * half_; }
  const float* sin(std::uint32_t position) const { return sin_.data() + position * half_; }
  std::size_t half() const { return half_; }

 private:
  std::size_t half_;         // head_dim / 2
  AlignedArray<float> cos_;  // [context][half]
  AlignedArray<float> sin_;  // [context][half]
};

}  // namespace crayon::model
