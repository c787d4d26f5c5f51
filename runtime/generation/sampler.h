#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/random.h"
#include "formats/tokenizer_data.h"

namespace crayon::generation {

using formats::Token;

/// How a token is chosen, in the order of the steps: repetition penalty, top-k, top-p, min-p,
/// temperature. The filters look at probabilities at temperature 1, so the temperature never
/// changes which tokens may be chosen.
struct SamplerOptions {
  float temperature = 0.0f;         ///< >= 0; 0: greedy
  std::uint32_t top_k = 0;          ///< 0: all
  float top_p = 1.0f;               ///< 0 to 1; nucleus (Holtzman et al. 2020); 1: all
  float min_p = 0.0f;               ///< 0 to 1; least share of the best token's probability; 0: all
  float repetition_penalty = 1.0f;  ///< > 0; CTRL (Keskar et al. 2019), greedy too; 1: none
  std::uint32_t repetition_window = 64;  ///< tokens of the history that the penalty looks at
  std::uint64_t seed = 0;
};

/// Throws bad_argument, naming the option, for a value out of range or not finite.
void check(const SamplerOptions& options);

/// Chooses tokens from logits. The same options and logits give the same tokens everywhere.
class Sampler {
 public:
  using Allowed = std::function<bool(Token)>;

  /// Throws as check() does.
  explicit Sampler(const SamplerOptions& options);

  /// logits [vocab], left as they are; a NaN counts as minus infinity. `history`: the tokens so
  /// far, for the repetition penalty. Greedy takes the lowest id among equals. Throws
  /// bad_argument for no logits. `allowed`, where it is given, says which tokens may come next at
  /// all, before the filters look at them; greedily only what is better than the best so far is
  /// asked about. Throws bad_tokenizer when none may.
  Token next(std::span<const float> logits, std::span<const Token> history,
             const Allowed& allowed = {});

 private:
  struct Candidate {
    Token id;
    float logit;
    double weight;  ///< probability, up to a factor that all candidates share
  };

  void collect(std::span<const float> logits);
  void penalise(std::span<const Token> history);
  Token best(const Allowed& allowed) const;
  void keep_top_k();
  void weigh(double temperature);
  void keep_top_p();
  void keep_min_p();
  Token draw();

  SamplerOptions options_;
  Random random_;
  std::vector<Candidate> candidates_;
};

}  // namespace crayon::generation
