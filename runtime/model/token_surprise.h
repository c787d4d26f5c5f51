#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/model/model.h"
#include "runtime/model/range.h"

namespace crayon::model {

/// Of which pieces the sum is taken that normalises a probability.
enum class Normaliser : std::uint8_t {
  full,     ///< the whole vocabulary
  sampled,  ///< the first sixteenth, where the frequent pieces are, and a sixteenth of the rest,
            ///< each of which stands for sixteen: an eighth of the work
};

/// How little a model expected the tokens of a text: their negative log-likelihoods. The logits
/// that this takes are never there at once: the output head is applied chunk by chunk, and of each
/// chunk remains one number a token, its part of the log-sum-exp.
class TokenSurprise {
 public:
  /// `model` must outlive this.
  TokenSurprise(const Model& model, Normaliser normaliser);

  /// Bytes that a measurement of prefill_batch tokens takes.
  static std::uint64_t bytes(const formats::ModelConfig& config);

  /// surprise [rows] = -log p(target | what is before it), in nats. hidden [rows][dim]: the
  /// residual stream behind the last layer at the token before each target. At most prefill_batch
  /// rows, in the scratch of `session`, which is between two steps. NaN where the logits are.
  void measure(Session& session, std::span<const float> hidden, std::span<const Token> targets,
               std::span<float> surprise);

 private:
  struct Chunk {
    Range rows;    // of the output head
    float weight;  // of its pieces in the sum
  };

  /// Adds a chunk's logits to the sums.
  void add(const Chunk& chunk, std::span<const Token> targets, Session& session);

  const Model& model_;
  std::vector<Chunk> chunks_;
  std::vector<float> logits_;   // [prefill_batch][rows of a chunk]
  std::vector<double> best_;    // [tokens] the largest logit so far
  std::vector<double> sum_;     // [tokens] of exp(logit - best)
  std::vector<double> target_;  // [tokens] its logit; NaN: not met
};

}  // namespace crayon::model
