#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "train/model/forward.h"
#include "train/optim/optimizer.h"

namespace crayon::train {

/// Where a layer's scales stand: in front of the maps that read the same (formats/smoothing.h of
/// the runtime).
enum class Place : std::uint8_t { qkv, o, gate_up, down };
inline constexpr std::array all_places = {Place::qkv, Place::o, Place::gate_up, Place::down};

Place place_of(Projection which);

/// The scales a = exp(theta) of a model's channels, with |log2 a| <= 6 (Quadapter, Park et al.
/// 2022, section 3: learned, with the weights as they are).
class ChannelScales {
 public:
  /// All 1.
  explicit ChannelScales(const Config& config);

  /// Of what a projection reads: [inputs]. Query heads share those of their KV head.
  torch::Tensor of(std::size_t layer, Projection which) const;

  /// theta by name, for an optimiser.
  NamedParameters named();
  torch::Tensor& theta(std::size_t layer, Place place) {
    return layers_[layer][static_cast<std::size_t>(place)];
  }
  void to(torch::Device device);

  /// Writes a safetensors file that `crayon pack --smooth learned` reads: layers.N.qkv_scales and
  /// .gate_up_scales [dim], .o_scales [kv_dim], .down_scales [hidden].
  void save(const std::filesystem::path& path) const;

 private:
  Config config_;
  std::vector<std::array<torch::Tensor, all_places.size()>> layers_;
};

/// Projections as the runtime's int8 computes them, with these scales folded in.
Linear int8_linear(const ChannelScales& scales);

}  // namespace crayon::train
