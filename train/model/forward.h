#pragma once

#include <torch/torch.h>

#include <cstddef>
#include <functional>

#include "train/model/decoder.h"
#include "train/model/lora.h"

namespace crayon::train {

/// LoRAs with each example's mixture of them.
struct Mixture {
  const LoraPool* pool;
  torch::Tensor weights;  ///< [examples][N]
};

/// A projection of a layer, in the place of torch::linear, without the bias: x [..][inputs], weight
/// [outputs][inputs].
using Linear = std::function<torch::Tensor(std::size_t layer, Projection which,
                                           const torch::Tensor& x, const torch::Tensor& weight)>;

/// How a forward pass computes.
struct Compute {
  torch::ScalarType type = torch::kFloat32;  ///< of matrix products: float32 or bfloat16
  std::int64_t layers = -1;                  ///< stop after so many; -1: all
  Linear linear = {};                        ///< of the base's projections; empty: torch::linear
};

/// The residual stream after the last layer run, before the final norm: [examples][time][dim], in
/// float32. ids [examples][time], padded on the right with anything: attention is causal.
/// `mixture` may be null.
torch::Tensor residual(const Weights& weights, const torch::Tensor& ids, const Mixture* mixture,
                       const Compute& compute);

/// One layer alone: x [examples][time][dim] of the residual stream, to what stands behind it.
torch::Tensor run_layer(const Weights& weights, std::size_t index, const torch::Tensor& x,
                        const Compute& compute);

/// Logits of rows of the residual stream: [rows][dim] -> [rows][vocab], float32.
torch::Tensor logits(const Weights& weights, const torch::Tensor& rows, const Compute& compute);

/// What enters the first layer: [examples][time][dim]. Throws bad_argument for more time than the
/// model has positions.
torch::Tensor embedded(const Weights& weights, const torch::Tensor& ids);

/// x normalised as the family does it, over its last dimension.
torch::Tensor normed(const torch::Tensor& x, const Norm& norm, const Config& config);

}  // namespace crayon::train
