#include "train/scales/learn_scales.h"

#include "train/learn/loss.h"

namespace crayon::train {
namespace {

/// [channels], from [inputs]: those that query heads share become one, the largest.
torch::Tensor shared(const torch::Tensor& largest, Place place, const Config& config) {
  if (place != Place::o) {
    return largest;
  }
  return largest.view({config.kv_heads, config.heads / config.kv_heads, config.head_dim})
      .amax(1)
      .reshape({config.kv_dim()});
}

/// The largest magnitudes of each channel, [layers][places][channels].
using Maxima = std::vector<std::array<torch::Tensor, all_places.size()>>;

void raise(torch::Tensor& largest, const torch::Tensor& values) {
  largest = largest.defined() ? torch::maximum(largest, values) : values;
}

Maxima observe(const Weights& weights, const std::vector<Batch>& batches, Compute compute) {
  Maxima maxima(weights.layers.size());
  compute.linear = [&](std::size_t layer, Projection which, const torch::Tensor& x,
                       const torch::Tensor& weight) {
    const Place place = place_of(which);
    const torch::Tensor rows = x.reshape({-1, x.size(-1)}).to(torch::kFloat32);
    raise(maxima[layer][static_cast<std::size_t>(place)],
          shared(rows.abs().amax(0), place, weights.config));
    return torch::linear(x, weight);
  };
  for (const Batch& batch : batches) {
    residual(weights, batch.ids, nullptr, compute);
  }
  return maxima;
}

}  // namespace

ChannelScales closed_form(const Weights& weights, const std::vector<Batch>& batches,
                          const Compute& compute) {
  const torch::NoGradGuard no_grad;
  constexpr double least = 1e-12;  // of channels that are always 0
  const Maxima activations = observe(weights, batches, compute);
  ChannelScales scales(weights.config);
  scales.to(weights.embedding.device());
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    Maxima columns(1);
    for (const Projection which : all_projections) {
      const Place place = place_of(which);
      raise(columns[0][static_cast<std::size_t>(place)],
            shared(weights.layers[i].at(which).abs().amax(0), place, weights.config));
    }
    for (const Place place : all_places) {
      const auto at = static_cast<std::size_t>(place);
      const torch::Tensor logs =
          (columns[0][at].clamp_min(least).log() - activations[i][at].clamp_min(least).log()) / 2;
      scales.theta(i, place).copy_(logs - logs.mean());
    }
  }
  return scales;
}

StepResult block_step(const Weights& weights, const ChannelScales& scales, const Batch& batch,
                      const Compute& compute) {
  Compute int8 = compute;
  int8.linear = int8_linear(scales);
  StepResult result{0, batch.tokens, {}};
  torch::Tensor x = torch::embedding(weights.embedding, batch.ids);
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    torch::Tensor next;
    {
      const torch::NoGradGuard no_grad;
      next = run_layer(weights, i, x, compute);
    }
    const torch::Tensor added = (next - x).square().mean();
    const torch::Tensor loss = (run_layer(weights, i, x, int8) - next).square().mean() / added;
    loss.backward();
    result.loss += loss.item<double>();
    x = next;
  }
  return result;
}

StepResult whole_step(const Weights& weights, const ChannelScales& scales, const Batch& batch,
                      const Compute& compute) {
  Compute int8 = compute;
  int8.linear = int8_linear(scales);
  const torch::Tensor loss = loss_of(weights, batch, nullptr, int8);
  loss.backward();
  return {loss.item<double>(), batch.tokens, {}};
}

}  // namespace crayon::train
