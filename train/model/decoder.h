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

using NamedParameters = std::vector<std::pair<std::string, torch::Tensor*>>;

struct Norm {
  torch::Tensor gain;  ///< [dim]
  torch::Tensor bias;  ///< [dim]; undefined for RMSNorm
};

struct Layer {
  /// Each [outputs][inputs]; undefined where the family has no such projection.
  std::array<torch::Tensor, all_projections.size()> weights;
  /// Each [outputs]; undefined where the projection adds none.
  std::array<torch::Tensor, all_projections.size()> biases;
  Norm attention_norm;
  Norm mlp_norm;

  torch::Tensor& at(Projection which) { return weights[static_cast<std::size_t>(which)]; }
  const torch::Tensor& at(Projection which) const {
    return weights[static_cast<std::size_t>(which)];
  }
  torch::Tensor& bias(Projection which) { return biases[static_cast<std::size_t>(which)]; }
  const torch::Tensor& bias(Projection which) const {
    return biases[static_cast<std::size_t>(which)];
  }
};

/// The parameters of a decoder, in float32.
struct Weights {
  Config config;
  torch::Tensor embedding;  ///< [vocab][dim]
  torch::Tensor positions;  ///< [context][dim], where positions are learned; else undefined
  std::vector<Layer> layers;
  Norm norm;
  torch::Tensor head;  ///< [vocab][dim]; the embedding itself when tied

  /// Of these sizes: matrices with anything in them, norms 1, biases 0.
  static Weights empty(const Config& config);

  /// Normal(0, 0.02), and the matrices that write into the residual stream smaller by the root
  /// of their number (Radford et al. 2019, section 2.3). Norms are 1, biases 0.
  static Weights random(const Config& config, std::uint64_t seed);

  /// Reads a Hugging Face folder of a family: config.json with model.safetensors, or with the
  /// shards that model.safetensors.index.json names. Throws what read_config() does,
  /// missing_tensor or bad_shape.
  static Weights load(const std::filesystem::path& folder);

  /// Writes config.json and model.safetensors in this type (float32 or bfloat16).
  void save(const std::filesystem::path& folder, torch::ScalarType type) const;

  /// Every parameter, each once, by the name that it has in Hugging Face's files of a Llama;
  /// families/families.h says what other families' files call it.
  NamedParameters named();

  void to(torch::Device device);
  void require_grad(bool wanted);
};

/// A copy with `layers` layers, the new ones between the old, computing the same function: what
/// a new layer writes into the residual stream is zero (Chen et al. 2016, Net2Net, deeper). Throws
/// bad_argument for fewer layers than there are.
Weights grow(const Weights& weights, std::int64_t layers);

}  // namespace crayon::train
