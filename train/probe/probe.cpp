#include "train/probe/probe.h"

#include "base/error.h"

namespace crayon::train {
namespace {

constexpr int newton_steps = 25;

/// The rows of `x` that `mask` names.
torch::Tensor rows(const torch::Tensor& x, const torch::Tensor& mask) {
  return x.index_select(0, mask.nonzero().squeeze(1));
}

}  // namespace

torch::Tensor Probe::scores(const torch::Tensor& features) const {
  return torch::sigmoid(torch::mv(features.to(torch::kFloat32), weight) + bias);
}

Probe fit_probe(const torch::Tensor& features, const torch::Tensor& labels, double penalty) {
  const double positive = labels.to(torch::kFloat64).mean().item<double>();
  if (!(positive > 0 && positive < 1)) {
    throw Error(Code::bad_argument, "the local answers are all right, or all wrong",
                "give examples of both");
  }
  const torch::Tensor x = features.to(torch::kFloat64);
  const torch::Tensor y = labels.to(torch::kFloat64);
  const torch::Tensor mean = x.mean(0);
  const torch::Tensor deviation = (x - mean).square().mean(0).sqrt().clamp_min(1e-9);
  const torch::Tensor ones = torch::ones({x.size(0), 1}, torch::kFloat64);
  const torch::Tensor z = torch::cat({(x - mean) / deviation, ones}, 1);  // [examples][dim + 1]

  torch::Tensor ridge = torch::full({z.size(1)}, penalty, torch::kFloat64);
  ridge[-1] = 1e-9;  // the bias is free
  torch::Tensor solution = torch::zeros({z.size(1)}, torch::kFloat64);
  for (int i = 0; i < newton_steps; ++i) {
    const torch::Tensor p = torch::sigmoid(torch::mv(z, solution));
    const torch::Tensor gradient = torch::mv(z.t(), p - y) + ridge * solution;
    const torch::Tensor curvature = torch::mm(z.t() * (p * (1 - p)), z) + torch::diag(ridge + 1e-6);
    solution -= torch::linalg_solve(curvature, gradient);
  }

  Probe probe;
  const torch::Tensor slope = solution.narrow(0, 0, x.size(1)) / deviation;
  probe.weight = slope.to(torch::kFloat32);
  probe.bias = solution[-1].item<double>() - torch::dot(slope, mean).item<double>();
  return probe;
}

torch::Tensor held_out_scores(const torch::Tensor& features, const torch::Tensor& labels,
                              double penalty, std::int64_t folds, std::uint64_t seed) {
  auto generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  const torch::Tensor fold =
      torch::randperm(labels.size(0), generator, torch::kInt64).remainder(folds);
  torch::Tensor scores = torch::zeros({labels.size(0)});
  for (std::int64_t i = 0; i < folds; ++i) {
    const torch::Tensor held = fold == i;
    const Probe probe = fit_probe(rows(features, ~held), rows(labels, ~held), penalty);
    scores.masked_scatter_(held, probe.scores(rows(features, held)));
  }
  return scores;
}

double auc(const torch::Tensor& scores, const torch::Tensor& labels) {
  const torch::Tensor right = scores.masked_select(labels > 0.5);
  const torch::Tensor wrong = scores.masked_select(labels <= 0.5);
  if (right.numel() == 0 || wrong.numel() == 0) {
    return 0.5;
  }
  const torch::Tensor difference = right.unsqueeze(1) - wrong.unsqueeze(0);
  return ((difference > 0).to(torch::kFloat64).mean() +
          0.5 * (difference == 0).to(torch::kFloat64).mean())
      .item<double>();
}

}  // namespace crayon::train
