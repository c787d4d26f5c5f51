#pragma once

#include <memory>
#include <span>

#include "runtime/model/model.h"

namespace crayon::model {

/// Several sessions in one pass over the weights: decoding, which waits for them, then costs little
/// more for all than for one. Not for two threads at once.
class Batch {
 public:
  struct Sequence {
    Session* session;
    std::span<const Token> tokens;
    bool wants_logits = true;
  };

  /// `model` must outlive the batch. Allocates scratch for steps of prefill_batch tokens.
  explicit Batch(const Model& model);
  ~Batch();

  /// Runs each sequence's tokens at its session's position, and appends their keys and values.
  /// logits [sequences that want some][vocab_size]: of each one's last token, the bits that
  /// Model::forward() gives it alone. One step takes sessions without adapters, or with the same
  /// ones in the same order, each with weights of its own, on an int8 or int4 model; others run in
  /// steps of their own. Throws what forward() throws, and bad_argument for a session that occurs
  /// twice; all sessions are then unchanged.
  void forward(std::span<const Sequence> sequences, std::span<float> logits);

  /// The threads that share a step's work; idle between two steps.
  ThreadPool& pool() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crayon::model
