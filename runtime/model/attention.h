#pragma once

#include "runtime/model/step_part.h"
#include "runtime/model/weights.h"

namespace crayon::model {

/// Attention of a step's tokens: each sees itself and what stands before it in the session, as far
/// as the layer's window reaches, or all of them where the model is not causal (Vaswani et al.
/// 2017; query heads share KV heads as in Ainslie et al. 2023).
class Attention {
 public:
  /// Parts of different sessions, with a token each or more.
  Attention(const Weights& weights, Scratch& scratch, std::span<const StepPart> parts);

  /// Takes queries, keys and values out of the scratch, normalises and rotates queries and keys as
  /// the layer does, appends keys and values to the caches, and leaves softmax(scale q.k) v
  /// [tokens][query_dim] in scratch.input.
  void run(std::uint32_t layer);

 private:
  void rotate_and_store(std::uint32_t layer);
  void rotate_and_store(std::uint32_t layer, const StepPart& part, Range tokens);
  /// Heads [heads][head_dim] of one token: norm and rotation.
  void prepare(float* row, std::uint32_t heads, std::span<const float> norm, const RopeTable* rope,
               std::uint32_t position);
  void show_queries(std::uint32_t layer);
  void attend(std::uint32_t layer);
  /// Rows of a part's queries, one KV head's behind the other's, so that those which a thread has
  /// at a time read their keys and values together.
  void attend(std::uint32_t layer, const StepPart& part, Range rows);

  const Weights& weights_;
  const formats::ModelConfig& config_;
  const Compute& compute_;
  const kernels::KernelSet& kernels_;
  Scratch& scratch_;
  std::span<const StepPart> parts_;
  std::size_t tokens_;
};

}  // namespace crayon::model
