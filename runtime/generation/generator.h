#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/generation/certainty.h"
#include "runtime/generation/lookahead.h"
#include "runtime/generation/sampler.h"
#include "runtime/model/model.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::generation {

struct GenerateOptions {
  std::uint32_t max_tokens = 256;
  SamplerOptions sampler = {};
  std::vector<std::string> stop = {};  ///< texts that end the answer and are not part of it
  bool ignore_end = false;             ///< go on after an end-of-generation token
  std::uint32_t speculate = 0;  ///< tokens to guess at once (Lookahead); 0: none. Changes no token
};

enum class Finish : std::uint8_t {
  stop,       ///< an end token or a stop text
  length,     ///< max_tokens, or the context is full
  cancelled,  ///< the callback said so
};

struct Generated {
  std::string text;                       ///< exactly what the callback got
  std::vector<Token> tokens;              ///< all that were sampled, less the end token
  std::vector<double> log_probabilities;  ///< of each of `tokens`, under the unchanged logits
  Certainty first;                        ///< of the first token
  Guesses guesses;                        ///< and the forward passes of decoding
  Finish finish = Finish::length;
  std::uint32_t prompt_tokens = 0;
  double prefill_seconds = 0;
  double decode_seconds = 0;

  /// exp(mean log-probability): the geometric mean of the tokens' probabilities; 0 when none.
  double confidence() const;
};

/// Gets text as it can be shown; false ends the generation. Also called with no text, between
/// blocks of the prefill and after each token that shows nothing yet: a caller can always stop.
using OnText = std::function<bool(std::string_view)>;

/// Prefills `prompt` at the session's position and decodes. Text that could become a stop text
/// is held back until it cannot. `on_text` may be empty. The session then holds the prompt (all
/// of it, unless cancelled) and the tokens, with or without the last one: see its position().
/// Throws context_full, the session unchanged, when the prompt does not fit, and bad_argument for
/// options out of range or an empty prompt.
Generated generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                   model::Session& session, std::span<const Token> prompt,
                   const GenerateOptions& options, const OnText& on_text);

}  // namespace crayon::generation
