#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "formats/tokenizer_data.h"

namespace crayon::generation {

using formats::Token;

struct SamplerOptions {
  float temperature = 0.0f;         ///< 0: greedy
  std::uint32_t top_k = 0;          ///< 0: all
  float top_p = 1.0f;               ///< nucleus (Holtzman et al. 2020); 1: all
  float min_p = 0.0f;               ///< least share of the best token's probability; 0: all
  float repetition_penalty = 1.0f;  ///< CTRL (Keskar et al. 2019); 1: none
  std::uint32_t repetition_window = 64;
  std::uint64_t seed = 0;
};

/// Throws bad_argument, naming the option, for a value out of range or not finite.
void check(const SamplerOptions& options);

/// Chooses tokens from logits. The same options and logits give the same tokens everywhere.
class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);

  /// logits [vocab] may be changed. `history`: the tokens so far, for the repetition penalty.
  /// Greedy takes the lowest id among equals.
  Token next(std::span<float> logits, std::span<const Token> history);

 private:
  SamplerOptions options_;
  Random random_;
  struct Candidate {
    Token id;
    float value;
  };
  std::vector<Candidate> candidates_;
};

/// log softmax(logits)[token]
double log_probability(std::span<const float> logits, Token token);

}  // namespace crayon::generation
