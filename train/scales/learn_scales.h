#pragma once

#include "train/learn/batches.h"
#include "train/learn/trainer.h"
#include "train/scales/rounded_linear.h"

namespace crayon::train {

/// The closed form of SmoothQuant (Xiao et al. 2023, equation 4) with strength 1/2, from what some
/// batches showed of the activations: a_c = sqrt(max|W_c| / max|X_c|), divided by its geometric
/// mean.
ChannelScales closed_form(const Weights& weights, const Maxima& observed);

/// Phase 1: each layer alone. Its output with rounded projections shall be what it is in floats,
/// for what the model in floats gives it: sum over layers of |difference|^2 / |what the layer
/// adds|^2. Leaves gradients.
StepResult block_step(const Weights& weights, const ChannelScales& scales, const Rounding& rounding,
                      const Batch& batch, const Compute& compute);

/// Phase 2: the language model's loss with all projections rounded. Leaves gradients.
StepResult whole_step(const Weights& weights, const ChannelScales& scales, const Rounding& rounding,
                      const Batch& batch, const Compute& compute);

}  // namespace crayon::train
