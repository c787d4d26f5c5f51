#include "train/scales/judge.h"

#include <cmath>

namespace crayon::train {
namespace {

/// log p of every token behind each that is scored: [predicted][vocab]
torch::Tensor predictions(const Weights& weights, const Batch& batch, const Compute& compute) {
  const torch::Tensor stream = residual(weights, batch.ids, nullptr, compute);
  const torch::Tensor rows =
      stream.reshape({-1, weights.config.dim}).index_select(0, batch.positions);
  return torch::log_softmax(logits(weights, rows, compute), 1);
}

/// Adds a batch's sums.
void add(Judgement& sums, const torch::Tensor& truth, const torch::Tensor& guess,
         const Batch& batch) {
  const auto count = static_cast<double>(batch.labels.size(0));
  const auto sum = [&](const torch::Tensor& each) {
    return (each * batch.weights).sum().item<double>() * count;
  };
  sums.tokens += count;
  sums.loss -= sum(guess.gather(1, batch.labels.unsqueeze(1)).squeeze(1));
  sums.kl += sum((truth.exp() * (truth - guess)).sum(1));
  sums.same_top += sum((truth.argmax(1) == guess.argmax(1)).to(torch::kFloat32));
}

}  // namespace

double Judgement::perplexity() const {
  return std::exp(loss);
}

std::vector<Judgement> judge(const Weights& weights, const std::vector<Candidate>& candidates,
                             const Shard& shard, std::int64_t tokens, std::int64_t batch_tokens,
                             std::int64_t longest) {
  const torch::NoGradGuard no_grad;
  std::vector<Judgement> all(candidates.size() + 1);
  for (const auto& examples :
       by_length(shard, first_examples(shard, tokens, longest), batch_tokens, longest)) {
    Batch batch = make_batch(shard, examples, {}, longest);
    if (batch.labels.size(0) == 0) {
      continue;
    }
    batch.to(weights.embedding.device());
    const torch::Tensor truth = predictions(weights, batch, {});
    add(all.front(), truth, truth, batch);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      Compute compute;
      compute.linear = rounded_linear(*candidates[i].scales, candidates[i].rounding, batch);
      add(all[i + 1], truth, predictions(weights, batch, compute), batch);
    }
  }
  for (Judgement& sums : all) {
    const double count = std::max(sums.tokens, 1.0);
    sums.loss /= count;
    sums.kl /= count;
    sums.same_top /= count;
  }
  return all;
}

}  // namespace crayon::train
