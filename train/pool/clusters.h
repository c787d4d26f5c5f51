#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace crayon::train {

/// Spherical k-means (Dhillon, Modha 2001) from a k-means++ start (Arthur, Vassilvitskii 2007):
/// rows of `points` [points][dim] have length 1; returns `count` centroids of length 1,
/// [count][dim]. Throws bad_argument when there are fewer points than centroids.
torch::Tensor spherical_kmeans(const torch::Tensor& points, std::int64_t count, int iterations,
                               std::uint64_t seed);

/// The mixture weights of each point: softmax(cos / tau), or one-hot at the nearest when `hard`.
/// [points][centroids]
torch::Tensor mixture_weights(const torch::Tensor& points, const torch::Tensor& centroids,
                              double tau, bool hard);

}  // namespace crayon::train
