#pragma once

#include "train/learn/batches.h"
#include "train/scales/channel_scales.h"
#include "train/scales/observe.h"
#include "train/scales/rounding.h"

namespace crayon::train {

/// What a model's projections are computed with. Embedding, norms, attention, biases and head stay
/// in floats.
struct Rounding {
  Activations activations = Activations::token;
  WeightRounding weights = WeightRounding::int8;
  Maxima observed = {};  ///< for Activations::fixed: what the ranges are made of
};

/// Projections with these scales folded in, of a batch's forward pass. With a range that is fixed,
/// it is that of the observed channels times their scales, so that scales can learn to narrow it.
/// Keeps references.
Linear rounded_linear(const ChannelScales& scales, const Rounding& rounding, const Batch& batch);

}  // namespace crayon::train
