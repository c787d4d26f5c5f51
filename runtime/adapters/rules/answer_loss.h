#pragma once

#include <span>
#include <vector>

#include "runtime/generation/answer_tokens.h"
#include "runtime/model/adapter.h"
#include "runtime/model/model.h"

namespace crayon::adapters {

/// How badly a model with some adapters predicts known answers: what LoraHub makes small.
class AnswerLoss {
 public:
  /// Throws bad_argument when there is no example, one has no prompt or no answer, or one is longer
  /// than the model's positions. `model` must outlive it.
  AnswerLoss(const model::Model& model, std::vector<generation::AnsweredPrompt> examples);

  /// Mean negative log-likelihood of the answers' tokens, each after its prompt.
  double operator()(std::span<const model::WeightedAdapter> adapters);

 private:
  double loss_of(const generation::AnsweredPrompt& example);

  const model::Model& model_;
  std::vector<generation::AnsweredPrompt> examples_;
  model::Session session_;
  std::vector<model::Token> step_;  // scratch: what the answer's tokens are predicted from
  std::vector<float> logits_;       // scratch: [tokens of the longest answer][vocab]
};

}  // namespace crayon::adapters
