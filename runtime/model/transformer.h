#pragma once

#include <initializer_list>
#include <span>

#include "runtime/model/session_state.h"
#include "runtime/model/weights.h"

namespace crayon::model {

/// One step of the forward pass (Vaswani et al. 2017, decoder only, norms in front of the blocks)
/// with the variations that ModelConfig describes: a batch of tokens at the session's position
/// through every layer. A prefill is a few of these, decoding one token is a batch of 1.
class Step {
 public:
  /// `tokens`: 1 to prefill_batch ids in range, which fit in the session's context.
  Step(const Weights& weights, Session::State& state, std::span<const Token> tokens);

  /// Appends the tokens' keys and values to the cache and moves the position.
  /// logits: [1 or tokens][vocab_size], as `wanted` says.
  void run(Logits wanted, float* logits);
  /// The same for the first `layers` alone, and without a head: leaves the residual stream behind
  /// them in the session's scratch.
  void run_first(std::uint32_t layers);

 private:
  struct Part {
    formats::Projection which;
    float* y;  // [tokens][outputs]
  };

  /// residual = embeddings of the tokens, with learned positions
  void embed();
  void attention_block(std::uint32_t layer);
  void mlp_block(std::uint32_t layer);
  void head(Logits wanted, float* logits);

  /// input = norm(residual)
  void normalise(const NormWeights& norm);
  /// y = W input + b, with the adapter's part
  void project(std::uint32_t layer, std::initializer_list<Part> parts);
  /// input = activation(gate) * up, or activation(up)
  void activate();
  void activate(const float* gate, const float* up, float* out);
  /// residual += projected, normalised when the model has post norms
  void add_to_residual(const NormWeights& post_norm);

  const Weights& weights_;
  const formats::ModelConfig& config_;
  const Compute& compute_;
  const kernels::KernelSet& kernels_;
  Session::State& state_;
  Scratch& scratch_;
  std::span<const Token> tokens_;
};

}  // namespace crayon::model
