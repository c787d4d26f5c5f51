#pragma once

#include <functional>

#include "train/learn/batches.h"
#include "train/learn/trainer.h"
#include "train/scales/channel_scales.h"

namespace crayon::train {

/// The closed form of SmoothQuant (Xiao et al. 2023, equation 4) with strength 1/2, from the
/// activations of some batches: a_c = sqrt(max|W_c| / max|X_c|), divided by its geometric mean.
ChannelScales closed_form(const Weights& weights, const std::vector<Batch>& batches,
                          const Compute& compute);

/// Phase 1: each layer alone. Its output with int8 projections shall be what it is in floats, for
/// what the model in floats gives it: sum over layers of |difference|^2 / |what the layer adds|^2.
/// Leaves gradients.
StepResult block_step(const Weights& weights, const ChannelScales& scales, const Batch& batch,
                      const Compute& compute);

/// Phase 2: the language model's loss with all projections in int8. Leaves gradients.
StepResult whole_step(const Weights& weights, const ChannelScales& scales, const Batch& batch,
                      const Compute& compute);

}  // namespace crayon::train
