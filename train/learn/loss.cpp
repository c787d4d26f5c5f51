#include "train/learn/loss.h"

namespace crayon::train {

torch::Tensor loss_of(const Weights& weights, const Batch& batch, const Mixture* mixture,
                      const Compute& compute) {
  const torch::Tensor stream = residual(weights, batch.ids, mixture, compute);
  const torch::Tensor rows =  // [predicted][dim]
      stream.reshape({-1, weights.config.dim}).index_select(0, batch.positions);
  const torch::Tensor each = torch::nll_loss(torch::log_softmax(logits(weights, rows, compute), 1),
                                             batch.labels, {}, at::Reduction::None);
  return (each * batch.weights).sum();
}

}  // namespace crayon::train
