#include "train/pool/usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace crayon::train {
namespace {

constexpr std::size_t named_tasks = 6;  // of a cluster

double entropy(const torch::Tensor& mixture) {
  return -(mixture * mixture.clamp_min(1e-12).log()).sum(-1).mean().item<double>();
}

/// "where_person 41 %, who_has 22 %, ...", the commonest first.
std::string task_shares(const Shard& shard, const torch::Tensor& members) {
  std::map<std::int32_t, std::int64_t> counts;
  for (std::int64_t i = 0; i < members.size(0); ++i) {
    ++counts[shard.tasks[static_cast<std::size_t>(members[i].item<std::int64_t>())]];
  }
  std::vector<std::pair<std::int64_t, std::int32_t>> order;
  for (const auto& [task, count] : counts) {
    order.emplace_back(count, task);
  }
  std::ranges::sort(order, std::greater());
  std::string text;
  for (std::size_t i = 0; i < std::min(named_tasks, order.size()); ++i) {
    text += fmt::format(
        "{}{} {:.0f} %", i == 0 ? "" : ", ",
        shard.task_names[static_cast<std::size_t>(order[i].second)],
        100.0 * static_cast<double>(order[i].first) / static_cast<double>(members.size(0)));
  }
  return text;
}

}  // namespace

void report_clusters(const Shard& shard, const torch::Tensor& points,
                     const torch::Tensor& centroids, const torch::Tensor& mixture) {
  const torch::Tensor nearest = torch::matmul(points, centroids.t()).argmax(1);
  for (std::int64_t n = 0; n < centroids.size(0); ++n) {
    const torch::Tensor members = (nearest == n).nonzero().squeeze(1);
    fmt::print(stderr, "cluster {}: {:.1f} %: {}\n", n,
               100.0 * static_cast<double>(members.size(0)) / static_cast<double>(points.size(0)),
               task_shares(shard, members));
  }
  fmt::print(stderr, "entropy of the mean mixture {:.3f}, mean entropy of a mixture {:.3f} nats\n",
             entropy(mixture.mean(0)), entropy(mixture));
}

void report_similarity(const LoraPool& pool) {
  const torch::NoGradGuard no_grad;
  torch::Tensor products = torch::zeros({pool.size, pool.size}, torch::kFloat64);
  for (const auto& layer : pool.layers) {
    for (const Projection which : pool.config.projections()) {
      const LowRankPair& pair = layer[static_cast<std::size_t>(which)];
      // <B_m A_m, B_n A_n> = sum of (B_m^T B_n) .* (A_m A_n^T): the products are never formed.
      const torch::Tensor a = torch::mm(pair.a, pair.a.t()).to(torch::kFloat64);
      const torch::Tensor b = torch::mm(pair.b.t(), pair.b).to(torch::kFloat64);
      products += (a * b).view({pool.size, pool.rank, pool.size, pool.rank}).sum({1, 3});
    }
  }
  const torch::Tensor norms = products.diagonal().sqrt().clamp_min(1e-12);
  const torch::Tensor cosines = products / torch::outer(norms, norms);
  const torch::Tensor others = cosines.masked_select(~torch::eye(pool.size, torch::kBool));
  if (others.numel() > 0) {
    fmt::print(stderr, "cosine between two adapters: mean {:.3f}, largest {:.3f}\n",
               others.mean().item<double>(), others.max().item<double>());
  }
}

}  // namespace crayon::train
