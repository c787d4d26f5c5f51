#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>

#include "train/learn/batches.h"
#include "train/model/forward.h"

namespace crayon::train {

/// What of the untouched base stands for a prompt.
struct EmbeddingKind {
  std::int64_t layer = 0;  ///< 0: the first layer's queries; L: the residual stream after L layers
  bool last = false;       ///< of the prompt's last token, instead of the mean over its tokens

  /// "query-mean", "hidden-L-mean" or "hidden-L-last". Throws bad_argument.
  static EmbeddingKind parse(const std::string& text);
  std::string name() const;
  std::int64_t dim(const Config& config) const;
};

/// The embeddings of the batch's prompts, each of length 1: [examples][dim]. Query-mean is the
/// Crayon paper's: mean over the tokens of the first layer's queries, before RoPE.
torch::Tensor embed(const Weights& weights, const Batch& batch, EmbeddingKind kind);

/// The embeddings of all examples of a shard, on the CPU: [examples][dim].
torch::Tensor embed_all(const Weights& weights, const Shard& shard, EmbeddingKind kind,
                        std::int64_t batch_tokens, std::int64_t longest, torch::Device device);

}  // namespace crayon::train
