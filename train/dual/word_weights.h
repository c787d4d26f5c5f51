#pragma once

#include <torch/torch.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "train/dual/dual_forward.h"

// Weights of words, learned from a few labelled pictures while the encoder stays as it is (SToRI,
// Findings of EMNLP 2024). They say which words of a prompt tell its class from the others.

namespace crayon::train {

/// A class's prompt, word by word.
struct Prompt {
  std::vector<std::string> words;
  std::vector<std::vector<std::int32_t>> tokens;  ///< [words]: the pieces of each
};

/// The prompts of all classes with the weight that each word has: the pieces of a word share one,
/// and the tokens around a text keep 1.
class WeightedPrompts {
 public:
  /// `bos` and `eos` stand around each prompt. With `shared`, a word that all prompts have, as
  /// often as the one with the fewest has it, has one weight for all of them. Throws bad_argument
  /// for fewer than two prompts and what make_text_batch() does.
  WeightedPrompts(std::vector<Prompt> prompts, std::int32_t bos, std::int32_t eos,
                  std::int64_t context, bool shared);

  const std::vector<Prompt>& prompts() const { return prompts_; }
  /// Number of different weights.
  std::int64_t count() const { return count_; }
  /// Which of them a word has.
  std::int64_t place(std::size_t prompt, std::size_t word) const { return places_[prompt][word]; }
  /// Whether more than one prompt uses the weight.
  bool is_shared(std::int64_t place) const { return place < shared_; }

  /// Embeddings of the prompts, [prompts][output]. logs: float [count] log w.
  torch::Tensor features(const DualEncoder& dual, const torch::Tensor& logs,
                         std::int64_t first_layer) const;

 private:
  void place_words(bool shared);

  std::vector<Prompt> prompts_;
  std::vector<std::vector<std::int64_t>> places_;  ///< [prompts][words]
  std::int64_t shared_ = 0;                        ///< weights that prompts share: the first ones
  std::int64_t count_ = 0;
  TextBatch texts_;
  torch::Tensor token_places_;  ///< int64 [prompts][time]; count_: the weight is 1
};

/// Embeddings of pictures with their classes.
struct LabelledFeatures {
  torch::Tensor features;  ///< float [pictures][output], of length 1
  torch::Tensor labels;    ///< int64 [pictures]: indices of prompts
};

/// How well prompts tell the classes of pictures.
struct Judgement {
  double loss;      ///< mean cross-entropy in nats, at the encoder's own temperature
  double accuracy;  ///< share of pictures whose best prompt is their class's
};
Judgement judge(const DualEncoder& dual, const WeightedPrompts& prompts, const torch::Tensor& logs,
                std::int64_t first_layer, const LabelledFeatures& pictures);

struct WordWeightOptions {
  std::int64_t steps = 100;
  double rate = 0.05;            ///< Adam's, of log w
  std::int64_t first_layer = 0;  ///< weights count from this layer on
  double penalty = 0.03;         ///< of the sum of all (log w)^2, against fitting a few by heart
  double largest = 1000;         ///< weights stay between its inverse and it
};

/// Learns log w, float [count], from weights of 1: Adam on the cross-entropy of all pictures in
/// each step.
torch::Tensor learn_word_weights(const DualEncoder& dual, const WeightedPrompts& prompts,
                                 const LabelledFeatures& pictures,
                                 const WordWeightOptions& options);

}  // namespace crayon::train
