#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "train/tokens/shard.h"

namespace crayon::train {

/// Some examples of about one length, padded on the right, with what is to be predicted.
struct Batch {
  torch::Tensor ids;        ///< int64 [examples][time]
  torch::Tensor positions;  ///< int64 [predicted]: flat indices into [examples][time] ...
  torch::Tensor labels;     ///< int64 [predicted]: ... and the id that follows each
  torch::Tensor weights;    ///< float [predicted]: share in the loss; sum 1
  std::vector<std::int64_t> examples;        ///< [examples] indices into the shard
  std::vector<std::int64_t> prompt_lengths;  ///< [examples] tokens before the answer
  std::int64_t tokens = 0;                   ///< without padding
  torch::Tensor mask;  ///< float [examples][time][1]: 1 of a token, 0 of padding; undefined when
                       ///< nothing is padded

  /// x [examples][time][..] with zeros where there is padding.
  torch::Tensor without_padding(const torch::Tensor& x) const;
  void to(torch::Device device);
};

/// What an example's tokens weigh in the loss.
struct LossWeights {
  float text = 1.0f;    ///< of a token of plain text
  float prompt = 0.0f;  ///< of a token before the answer
  float answer = 1.0f;  ///< of a token of the answer
};

/// The batch of these examples. An example longer than `longest` loses its beginning when it
/// has an answer, its end when it is plain text.
Batch make_batch(const Shard& shard, const std::vector<std::int64_t>& examples,
                 const LossWeights& weights, std::int64_t longest);

/// The first examples of a shard that hold so many tokens together, of which each counts `longest`
/// at most.
std::vector<std::int64_t> first_examples(const Shard& shard, std::int64_t tokens,
                                         std::int64_t longest);

/// These examples in batches of like length, the shortest first. A batch has at most `tokens` ids,
/// padding included, but at least one example.
std::vector<std::vector<std::int64_t>> by_length(const Shard& shard,
                                                 std::vector<std::int64_t> examples,
                                                 std::int64_t tokens, std::int64_t longest);

/// Shuffles a shard's examples epoch by epoch into batches of examples of like length. The
/// sequence of batches depends on the seed alone.
class Batcher {
 public:
  /// A batch has at most `tokens` ids, padding included, but at least one example.
  Batcher(const Shard& shard, std::int64_t tokens, std::int64_t longest, std::uint64_t seed);

  /// The examples of the next batch.
  std::vector<std::int64_t> next();

 private:
  void plan_window();

  const Shard& shard_;
  std::int64_t tokens_;
  std::int64_t longest_;
  Random random_;
  std::vector<std::int64_t> order_;  ///< of this epoch
  std::size_t used_ = 0;             ///< of order_
  std::vector<std::vector<std::int64_t>> planned_;
};

}  // namespace crayon::train
