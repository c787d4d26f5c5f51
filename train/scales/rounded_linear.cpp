#include "train/scales/rounded_linear.h"

namespace crayon::train {
namespace {

/// x [examples][time][inputs], times its scales and without padding.
torch::Tensor rounded_input(const torch::Tensor& x, std::size_t layer, Place place,
                            const ChannelScales& scales, const Rounding& rounding) {
  switch (rounding.activations) {
    case Activations::token:
      return rounded(x);
    case Activations::tensor:
      return rounded_examples(x);
    case Activations::fixed: {
      const torch::Tensor& observed = rounding.observed[layer][static_cast<std::size_t>(place)];
      const torch::Tensor range = (scales.at(layer, place) * observed).amax();
      return rounded_within(x, range.to(x.scalar_type()));
    }
    case Activations::blocks:
      return rounded_blocks(x);
  }
  return x;
}

}  // namespace

Linear rounded_linear(const ChannelScales& scales, const Rounding& rounding, const Batch& batch) {
  return [&](std::size_t layer, Projection which, const torch::Tensor& x,
             const torch::Tensor& weight) {
    const torch::Tensor a = scales.of(layer, which).to(x.scalar_type());
    const torch::Tensor input = batch.without_padding(x * a);
    return torch::linear(rounded_input(input, layer, place_of(which), scales, rounding),
                         rounded_weight(weight / a, rounding.weights));
  };
}

}  // namespace crayon::train
