#pragma once

#include "runtime/model/session_state.h"
#include "runtime/model/weights.h"

namespace crayon::model {

/// Causal attention of a step's tokens: each sees itself and what stands before it in the session,
/// as far as the layer's window reaches (Vaswani et al. 2017; query heads share KV heads as in
/// Ainslie et al. 2023).
class Attention {
 public:
  /// `tokens` stand at the session's position.
  Attention(const Weights& weights, Session::State& state, std::size_t tokens);

  /// Takes queries, keys and values out of the session's scratch, normalises and rotates queries
  /// and keys as the layer does, appends keys and values to the cache, and leaves
  /// softmax(scale q.k) v [tokens][query_dim] in scratch.input.
  void run(std::uint32_t layer);

 private:
  void rotate_and_store(std::uint32_t layer);
  /// Heads [heads][head_dim] of one token: norm and rotation.
  void prepare(float* row, std::uint32_t heads, std::span<const float> norm, const RopeTable* rope,
               std::uint32_t position);
  void attend(std::uint32_t layer);

  const Weights& weights_;
  const formats::ModelConfig& config_;
  const Compute& compute_;
  const kernels::KernelSet& kernels_;
  Session::State& state_;
  Scratch& scratch_;
  std::size_t tokens_;
};

}  // namespace crayon::model
