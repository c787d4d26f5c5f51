#pragma once

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
  /// residual = embeddings of the tokens, with learned positions
  void embed();
  void attention_block(std::uint32_t layer);
  void mlp_block(std::uint32_t layer);
  void head(Logits wanted, float* logits);

  /// input = norm(residual) of some tokens
  void normalise(const NormWeights& norm, Range tokens);
  /// A map that writes y [tokens][outputs].
  LinearMap map(std::uint32_t layer, formats::Projection which, float* y) const;
  /// The maps of a layer that read x, with what adapters add.
  LinearGroup group(std::uint32_t layer, MapGroup which, std::span<const LinearMap> maps,
                    const float* x) const;
  /// residual += W x, normalised before when the model has post norms
  void project_to_residual(std::uint32_t layer, MapGroup which, formats::Projection projection,
                           const float* x, const NormWeights& post_norm);
  /// Shows a watcher what the maps will read. `produce` has then been run, and is emptied.
  void watch(std::uint32_t layer, MapGroup which, const LinearGroup& maps, RangeWork& produce);
  /// up = activation(gate) * up, or activation(up), for some rows of them
  void activate(Range rows);
  void activate(const float* gate, const float* up, float* out, std::size_t n);

  const Weights& weights_;
  const formats::ModelConfig& config_;
  const Compute& compute_;
  const kernels::KernelSet& kernels_;
  Session::State& state_;
  Scratch& scratch_;
  std::span<const Token> tokens_;
};

}  // namespace crayon::model
