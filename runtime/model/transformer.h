#pragma once

#include <span>

#include "runtime/model/step_part.h"
#include "runtime/model/weights.h"

namespace crayon::model {

/// One step of the forward pass (Vaswani et al. 2017, one stack, norms in front of the blocks)
/// with the variations that ModelConfig describes: a batch of tokens of one or more sessions
/// through the layers. A prefill is a few of these, decoding one token is a batch of 1.
class Step {
 public:
  /// 1 to as many tokens as `scratch` is for, which fit in their sessions' contexts, with ids in
  /// range. Several parts belong to different sessions, whose adapters share their factors. A part
  /// of a model that is not causal is all that its session reads.
  Step(const Weights& weights, Scratch& scratch, std::span<const StepPart> parts);

  /// Runs the first `layers`. Appends the tokens' keys and values to the caches, moves the
  /// positions, and leaves the residual stream [tokens][dim] in scratch.residual.
  void run(std::uint32_t layers);

 private:
  /// residual = embeddings of the tokens or patches, with learned positions, normalised where the
  /// model says so
  void embed();
  void embed_patches(const StepPart& part);
  void add_positions(const StepPart& part);
  void attention_block(std::uint32_t layer);
  void mlp_block(std::uint32_t layer);

  /// input = norm(residual) of some tokens
  void normalise(const NormWeights& norm, Range tokens);
  /// A map that writes y [tokens][outputs].
  LinearMap map(std::uint32_t layer, formats::Projection which, float* y) const;
  /// The maps of a layer that read x, with what adapters add.
  LinearGroup group(std::uint32_t layer, MapGroup which, std::span<const LinearMap> maps,
                    const float* x);
  /// residual += W x, normalised before when the model has post norms
  void project_to_residual(std::uint32_t layer, MapGroup which, formats::Projection projection,
                           const float* x, const NormWeights& post_norm);
  void watch_residual(std::uint32_t layer);
  /// Shows watchers what the maps will read. `produce` has then been run, and is emptied.
  void watch(std::uint32_t layer, MapGroup which, const LinearGroup& maps, RangeWork& produce);
  /// up = activation(gate) * up, or activation(up), for some rows of them
  void activate(Range rows);
  void activate(const float* gate, const float* up, float* out, std::size_t n);

  const Weights& weights_;
  const formats::ModelConfig& config_;
  const Compute& compute_;
  const kernels::KernelSet& kernels_;
  Scratch& scratch_;
  std::span<const StepPart> parts_;
  std::size_t tokens_;
};

/// logits [rows][vocab_size] of rows of the residual stream [rows][dim] behind the last layer. At
/// most as many rows as `scratch` is for.
void write_logits(const Weights& weights, const float* residual, std::size_t rows, float* logits,
                  Scratch& scratch);

/// y [output_dim] of an encoder's tower, of one row of the residual stream [dim]: its norm, and the
/// projection to what both towers embed in (Radford et al. 2021).
void write_output(const Weights& weights, const float* residual, float* y, Scratch& scratch);

}  // namespace crayon::model
