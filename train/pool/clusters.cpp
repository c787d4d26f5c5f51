#include "train/pool/clusters.h"

#include "base/error.h"

namespace crayon::train {
namespace {

torch::Tensor unit_rows(const torch::Tensor& x) {
  return x / x.norm(2, 1, true).clamp_min(1e-12);
}

}  // namespace

torch::Tensor spherical_kmeans(const torch::Tensor& points, std::int64_t count, int iterations,
                               std::uint64_t seed) {
  if (points.size(0) < count) {
    throw Error(Code::bad_argument, "there are fewer examples than adapters",
                "give more examples, or ask for fewer adapters");
  }
  auto generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  torch::Tensor centroids =
      points.index_select(0, torch::randint(points.size(0), {1}, generator, torch::kInt64));
  while (centroids.size(0) < count) {
    const torch::Tensor distance =
        (1 - std::get<0>(torch::matmul(points, centroids.t()).max(1))).clamp_min(1e-9);
    const torch::Tensor chosen = torch::multinomial(distance, 1, false, generator);
    centroids = torch::cat({centroids, points.index_select(0, chosen)});
  }
  for (int i = 0; i < iterations; ++i) {
    const torch::Tensor nearest = torch::matmul(points, centroids.t()).argmax(1);
    torch::Tensor sums = torch::zeros_like(centroids);
    sums.index_add_(0, nearest, points);
    const torch::Tensor sizes = torch::bincount(nearest, {}, count).unsqueeze(1);
    // A centroid that lost all its points stays where it is.
    centroids = torch::where(sizes > 0, unit_rows(sums), centroids);
  }
  return centroids;
}

torch::Tensor mixture_weights(const torch::Tensor& points, const torch::Tensor& centroids,
                              double tau, bool hard) {
  const torch::Tensor cosines = torch::matmul(points, centroids.t());
  if (hard) {
    return torch::one_hot(cosines.argmax(1), centroids.size(0)).to(torch::kFloat32);
  }
  return torch::softmax(cosines / tau, 1);
}

}  // namespace crayon::train
