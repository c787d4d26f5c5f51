#pragma once

#include <string>
#include <vector>

#include "train/scales/rounded_linear.h"

namespace crayon::train {

/// A model with rounded projections.
struct Candidate {
  std::string scales_name;
  const ChannelScales* scales;
  Rounding rounding;
};

/// What a model predicts, against what it predicts in floats. Means over the tokens that a shard
/// marks for scoring, with the weights of loss_of().
struct Judgement {
  double tokens = 0;
  double loss = 0;      ///< nats of the token that follows
  double kl = 0;        ///< KL(floats || rounded), nats
  double same_top = 0;  ///< share whose most probable token is the same

  double perplexity() const;
};

/// Of the model in floats first, then of each candidate, on the first examples of a shard that hold
/// `tokens` tokens. All read the same batches.
std::vector<Judgement> judge(const Weights& weights, const std::vector<Candidate>& candidates,
                             const Shard& shard, std::int64_t tokens, std::int64_t batch_tokens,
                             std::int64_t longest);

}  // namespace crayon::train
