#pragma once

#include <torch/torch.h>

#include <array>
#include <vector>

#include "train/learn/batches.h"
#include "train/model/forward.h"
#include "train/scales/places.h"

namespace crayon::train {

/// The largest magnitudes of each channel, [layers][places][channels]; undefined where the model
/// has no such place.
using Maxima = std::vector<std::array<torch::Tensor, all_places.size()>>;

/// Those of what a model's projections read in some batches, without padding.
Maxima observe(const Weights& weights, const std::vector<Batch>& batches, const Compute& compute);

/// How far the largest channel of a place stands out: its largest magnitude by the median
/// channel's, the mean over layers. 0 where the model has no such place.
double outlier_ratio(const Maxima& observed, Place place);

/// Those of the columns of its weights.
Maxima column_maxima(const Weights& weights);

}  // namespace crayon::train
