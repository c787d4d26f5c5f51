#include "train/scales/observe.h"

#include <algorithm>

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

void raise(torch::Tensor& largest, const torch::Tensor& values) {
  largest = largest.defined() ? torch::maximum(largest, values) : values;
}

}  // namespace

Maxima observe(const Weights& weights, const std::vector<Batch>& batches, const Compute& compute) {
  const torch::NoGradGuard no_grad;
  Maxima maxima(weights.layers.size());
  for (const Batch& batch : batches) {
    Compute watched = compute;
    watched.linear = [&](std::size_t layer, Projection which, const torch::Tensor& x,
                         const torch::Tensor& weight) {
      const Place place = place_of(which);
      const torch::Tensor largest = batch.without_padding(x).to(torch::kFloat32).abs().amax({0, 1});
      raise(maxima[layer][static_cast<std::size_t>(place)], shared(largest, place, weights.config));
      return torch::linear(x, weight);
    };
    residual(weights, batch.ids, nullptr, watched);
  }
  return maxima;
}

double outlier_ratio(const Maxima& observed, Place place) {
  constexpr double least = 1e-12;  // of channels that are always 0
  double sum = 0;
  for (const auto& layer : observed) {
    const torch::Tensor& channels = layer[static_cast<std::size_t>(place)];
    if (!channels.defined()) {
      return 0;
    }
    sum += channels.amax().item<double>() / std::max(channels.median().item<double>(), least);
  }
  return observed.empty() ? 0 : sum / static_cast<double>(observed.size());
}

Maxima column_maxima(const Weights& weights) {
  const torch::NoGradGuard no_grad;
  Maxima maxima(weights.layers.size());
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    for (const Projection which : weights.config.projections()) {
      const Place place = place_of(which);
      raise(maxima[i][static_cast<std::size_t>(place)],
            shared(weights.layers[i].at(which).abs().amax(0), place, weights.config));
    }
  }
  return maxima;
}

}  // namespace crayon::train
