#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/generation/certainty.h"
#include "runtime/generation/log_probability.h"
#include "runtime/generation/lookahead.h"
#include "runtime/generation/sampler.h"

namespace crayon::generation {

struct GenerateOptions {
  std::uint32_t max_tokens = 256;
  SamplerOptions sampler = {};
  std::vector<std::string> stop = {};  ///< texts that end the answer and are not part of it
  bool ignore_end = false;             ///< go on after an end-of-generation token
  std::uint32_t speculate = 0;  ///< tokens to guess at once (Lookahead); 0: none. Changes no token
  bool json = false;  ///< the answer is a JSON object (JsonGuide), whose end is the answer's
  std::uint32_t alternatives = 0;  ///< likeliest tokens to report with each token
};

enum class Finish : std::uint8_t {
  stop,       ///< an end token or a stop text
  length,     ///< max_tokens, or the context is full
  cancelled,  ///< the callback said so
};

/// A token of the answer, its log-probability under the unchanged logits, and the likeliest ones in
/// its place, the best first: GenerateOptions::alternatives of them.
struct Chosen {
  ScoredToken token;
  std::vector<ScoredToken> likeliest;
};

/// What an answer has come to since its callback was called last.
struct Progress {
  std::string_view text = {};           ///< as it can be shown; may be empty
  std::span<const Chosen> tokens = {};  ///< chosen since then, whether their text is out or not
  std::optional<Certainty> first = {};  ///< of the first token, once the prefill has ended
};

/// Follows an answer; false ends it. Called between blocks of the prefill, before the first token
/// is chosen, and after each token, also when there is no text to show yet: a caller can always
/// stop.
using OnProgress = std::function<bool(const Progress&)>;

struct Generated {
  std::string text;                       ///< exactly what the callback got
  std::vector<Token> tokens;              ///< all that were sampled, less the end token
  std::vector<double> log_probabilities;  ///< of each of `tokens`, under the unchanged logits
  std::vector<std::vector<ScoredToken>> likeliest;  ///< in the place of each, if asked for
  Certainty first;                                  ///< of the first token
  Guesses guesses;                                  ///< and the forward passes of decoding
  Finish finish = Finish::length;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t reused_tokens = 0;  ///< of the prompt, that did not have to be computed
  double prefill_seconds = 0;
  double decode_seconds = 0;

  /// exp(mean log-probability): the geometric mean of the tokens' probabilities; 0 when none.
  double confidence() const;
};

}  // namespace crayon::generation
