#include "train/scales/learn_scales.h"

#include "train/learn/loss.h"

namespace crayon::train {

ChannelScales closed_form(const Weights& weights, const Maxima& observed) {
  const torch::NoGradGuard no_grad;
  constexpr double least = 1e-12;  // of channels that are always 0
  const Maxima columns = column_maxima(weights);
  ChannelScales scales(weights.config);
  scales.to(weights.embedding.device());
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    for (const Place place : places_of(weights.config)) {
      const auto at = static_cast<std::size_t>(place);
      const torch::Tensor logs =
          (columns[i][at].clamp_min(least).log() - observed[i][at].clamp_min(least).log()) / 2;
      scales.theta(i, place).copy_(logs - logs.mean());
    }
  }
  return scales;
}

StepResult block_step(const Weights& weights, const ChannelScales& scales, const Rounding& rounding,
                      const Batch& batch, const Compute& compute) {
  Compute rough = compute;
  rough.linear = rounded_linear(scales, rounding, batch);
  StepResult result{0, batch.tokens, {}};
  torch::Tensor x = embedded(weights, batch.ids);
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    torch::Tensor next;
    {
      const torch::NoGradGuard no_grad;
      next = run_layer(weights, i, x, compute);
    }
    const torch::Tensor added = (next - x).square().mean();
    const torch::Tensor loss = (run_layer(weights, i, x, rough) - next).square().mean() / added;
    loss.backward();
    result.loss += loss.item<double>();
    x = next;
  }
  return result;
}

StepResult whole_step(const Weights& weights, const ChannelScales& scales, const Rounding& rounding,
                      const Batch& batch, const Compute& compute) {
  Compute rough = compute;
  rough.linear = rounded_linear(scales, rounding, batch);
  const torch::Tensor loss = loss_of(weights, batch, nullptr, rough);
  loss.backward();
  return {loss.item<double>(), batch.tokens, {}};
}

}  // namespace crayon::train
