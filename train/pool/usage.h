#pragma once

#include <torch/torch.h>

#include "train/model/lora.h"
#include "train/tokens/shard.h"

namespace crayon::train {

/// Prints, for each cluster, its share of the examples and the tasks that lie in it, and how
/// evenly the mixtures use the adapters: the entropy of the mean mixture and the mean of the
/// mixtures' entropies, in nats. points [examples][dim], mixture [examples][adapters].
void report_clusters(const Shard& shard, const torch::Tensor& points,
                     const torch::Tensor& centroids, const torch::Tensor& mixture);

/// Prints the mean and largest cosine between two adapters' products B A, over all projections:
/// near 1, they have collapsed into one.
void report_similarity(const LoraPool& pool);

}  // namespace crayon::train
