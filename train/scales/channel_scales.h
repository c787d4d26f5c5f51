#pragma once

#include <torch/torch.h>

#include <array>
#include <filesystem>
#include <vector>

#include "train/model/decoder.h"
#include "train/scales/places.h"

namespace crayon::train {

/// The scales a = exp(theta) of a model's channels, with |log2 a| <= 6 (Quadapter, Park et al.
/// 2022, section 3: learned, with the weights as they are).
class ChannelScales {
 public:
  /// All 1.
  explicit ChannelScales(const Config& config);

  /// Reads what save() writes. Throws missing_tensor, bad_shape, and corrupt for scales that are
  /// not within 2^-6 and 2^6.
  static ChannelScales load(const Config& config, const std::filesystem::path& path);

  /// Of a place's channels: [channels].
  torch::Tensor at(std::size_t layer, Place place) const;

  /// Of what a projection reads: [inputs]. Query heads share those of their KV head. 1 for what
  /// takes none.
  torch::Tensor of(std::size_t layer, Projection which) const;

  /// theta by name, for an optimiser.
  NamedParameters named();
  torch::Tensor& theta(std::size_t layer, Place place) {
    return layers_[layer][static_cast<std::size_t>(place)];
  }
  void to(torch::Device device);

  /// Writes a safetensors file that `crayon pack --smooth learned` reads: layers.N.qkv_scales and
  /// .gate_up_scales [dim], .o_scales [kv_dim] and, where the MLP is gated, .down_scales [hidden].
  void save(const std::filesystem::path& path) const;

 private:
  Config config_;
  /// Where there is no such place: zeros that nothing changes.
  std::vector<std::array<torch::Tensor, all_places.size()>> layers_;
};

}  // namespace crayon::train
