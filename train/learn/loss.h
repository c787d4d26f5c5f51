#pragma once

#include "train/learn/batches.h"
#include "train/model/forward.h"

namespace crayon::train {

/// Weighted mean of the next-token cross-entropy over what the batch predicts, in nats.
torch::Tensor loss_of(const Weights& weights, const Batch& batch, const Mixture* mixture,
                      const Compute& compute);

}  // namespace crayon::train
