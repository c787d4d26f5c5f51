#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "train/model/config.h"

namespace crayon::train {

/// The seven matrices of a layer that LoRA adapts.
enum class Projection : std::uint8_t { q, k, v, o, gate, up, down };
inline constexpr std::array all_projections = {Projection::q,   Projection::k,    Projection::v,
                                               Projection::o,   Projection::gate, Projection::up,
                                               Projection::down};

/// "self_attn.q_proj" and so on: what Hugging Face calls it within a layer.
const char* projection_name(Projection which);

/// Rows and columns of a matrix.
struct Size {
  std::int64_t outputs;
  std::int64_t inputs;
};
Size size_of(const Config& config, Projection which);

struct Layer {
  std::array<torch::Tensor, all_projections.size()> weights;  ///< each [outputs][inputs]
  torch::Tensor attention_norm;                               ///< [dim]
  torch::Tensor mlp_norm;                                     ///< [dim]

  torch::Tensor& at(Projection which) { return weights[static_cast<std::size_t>(which)]; }
  const torch::Tensor& at(Projection which) const {
    return weights[static_cast<std::size_t>(which)];
  }
};

/// The parameters of a decoder, in float32.
struct Weights {
  Config config;
  torch::Tensor embedding;  ///< [vocab][dim]
  std::vector<Layer> layers;
  torch::Tensor norm;  ///< [dim]
  torch::Tensor head;  ///< [vocab][dim]; the embedding itself when tied

  /// Normal(0, 0.02), and the matrices that write into the residual stream smaller by the root
  /// of their number (Radford et al. 2019, section 2.3). Norms are 1.
  static Weights random(const Config& config, std::uint64_t seed);

  /// Reads a Hugging Face Llama folder: config.json with model.safetensors, or with the shards
  /// that model.safetensors.index.json names. Throws missing_tensor or bad_shape.
  static Weights load(const std::filesystem::path& folder);

  /// Writes config.json and model.safetensors in this type (float32 or bfloat16).
  void save(const std::filesystem::path& folder, torch::ScalarType type) const;

  /// Every parameter with its Hugging Face name, each once.
  std::vector<std::pair<std::string, torch::Tensor*>> named();

  void to(torch::Device device);
  void require_grad(bool wanted);
};

/// A copy with `layers` layers, the new ones between the old, computing the same function: what
/// a new layer writes into the residual stream is zero (Chen et al. 2016, Net2Net, deeper). Throws
/// bad_argument for fewer layers than there are.
Weights grow(const Weights& weights, std::int64_t layers);

}  // namespace crayon::train
