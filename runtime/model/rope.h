#pragma once

#include <cstdint>
#include <vector>

#include "formats/model_config.h"
#include "runtime/model/aligned.h"

namespace crayon::model {

/// Angle per position of each pair, in radians: [rotated_dim / 2]. Su et al. 2021, with the
/// scaling of the configuration: `linear` is position interpolation (Chen et al. 2023); `llama3`
/// stretches only the wavelengths that the original context did not cover; `yarn` (Peng et al.
/// 2023, section 3.2) those that turn too seldom in it; `longrope` (Ding et al. 2024) divides each
/// by a factor of its own, found by search, other ones when `context` is beyond the original.
std::vector<double> rope_frequencies(const formats::ModelConfig& config, std::uint32_t context);

/// The same for the windowed layers of models that rotate those in another way: unscaled.
std::vector<double> window_rope_frequencies(const formats::ModelConfig& config);

/// Cosines and sines for the positions of a context, computed in double: at position 100000 a
/// float angle would be off by 1e-2 rad. They are computed when a session comes near: a long
/// context of which little is used costs neither the time nor the memory.
class RopeTable {
 public:
  /// `magnitude` is a factor of both.
  RopeTable(std::vector<double> frequencies, double magnitude, std::uint32_t context);

  /// Computes what lacks of positions [0, end), end <= context.
  void extend(std::uint32_t end);

  /// Of a position that extend() has covered: [half].
  const float* cos(std::uint32_t position) const { return cos_.data() + position * half_; }
  const float* sin(std::uint32_t position) const { return sin_.data() + position * half_; }
  std::size_t half() const { return half_; }

  /// Turns a rotated head back by so many positions, which extend() has covered: what stood at p
  /// is then as it would be at p - positions. The magnitude stays.
  void turn_back(float* head, std::uint32_t positions) const;

 private:
  std::vector<double> frequencies_;
  double magnitude_;
  std::size_t half_;         // rotated numbers of a head / 2
  std::uint32_t end_ = 0;    // positions computed
  AlignedArray<float> cos_;  // [context][half]
  AlignedArray<float> sin_;  // [context][half]
};

/// How each layer of a model rotates.
class Rotation {
 public:
  Rotation(const formats::ModelConfig& config, std::uint32_t context);
  static std::uint64_t bytes(const formats::ModelConfig& config, std::uint32_t context);

  /// Makes positions [0, end) ready.
  void extend(std::uint32_t end);

  /// Null for a layer that does not rotate.
  const RopeTable* of(std::uint32_t layer) const;

 private:
  std::vector<RopeTable> tables_;      // none, one for all layers, or the windowed layers' besides
  std::vector<std::int8_t> of_layer_;  // [layers] in tables_, or -1
};

}  // namespace crayon::model
