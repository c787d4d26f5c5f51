#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <vector>

#include "train/model/decoder.h"

namespace crayon::train {

/// One projection's share of N adapters, one behind the other along the rank.
struct LowRankPair {
  torch::Tensor a;  ///< [N * rank][inputs]
  torch::Tensor b;  ///< [outputs][N * rank]
};

/// N LoRAs (Hu et al. 2021) of one rank on all projections of every layer, trained together.
/// With mixture weights w of an example: y = W x + alpha/rank sum_n w_n B_n A_n x.
struct LoraPool {
  Config config;          ///< of the base
  std::int64_t size = 1;  ///< N
  std::int64_t rank = 8;
  double alpha = 16;
  /// Undefined where the base has no such projection.
  std::vector<std::array<LowRankPair, all_projections.size()>> layers;

  /// A: Kaiming-uniform as PEFT has it; B: zero, so that training starts at the base.
  static LoraPool random(const Config& config, std::int64_t size, std::int64_t rank, double alpha,
                         std::uint64_t seed);

  const LowRankPair& at(std::size_t layer, Projection which) const {
    return layers[layer][static_cast<std::size_t>(which)];
  }
  double scale() const { return alpha / static_cast<double>(rank); }

  /// "layers.L.PROJECTION.lora_A" and so on, for checkpoints and optimisers.
  NamedParameters named();
  void to(torch::Device device);
  void require_grad(bool wanted);
};

/// Writes adapter `index` as a PEFT folder (adapter_config.json, adapter_model.safetensors). Where
/// the base's files hold several projections in one tensor, so does the adapter: their A one below
/// the other, their B along a diagonal, with a rank of its own.
void save_peft(const LoraPool& pool, std::int64_t index, const std::filesystem::path& folder,
               const std::string& base_name);

}  // namespace crayon::train
