#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/generation/sampler.h"
#include "runtime/model/model.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::generation {

struct GenerateOptions {
  std::uint32_t max_tokens = 256;
  SamplerOptions sampler;
  std::vector<std::string> stop;  ///< texts that end the answer and are not part of it
  bool ignore_end = false;        ///< go on after an end-of-generation token
};

enum class Finish : std::uint8_t {
  stop,       ///< an end token or a stop text
  length,     ///< max_tokens, or the context is full
  cancelled,  ///< the callback said so
};

struct Generated {
  std::string text;
  std::vector<Token> tokens;
  std::vector<double> log_probabilities;  ///< of each token, under the unchanged logits
  Finish finish = Finish::length;
  std::uint32_t prompt_tokens = 0;
  double prefill_seconds = 0;
  double decode_seconds = 0;

  /// exp(mean log-probability): the geometric mean of the tokens' probabilities; 0 when none.
  double confidence() const;
};

/// Gets text as it can be shown; false ends the generation.
using OnText = std::function<bool(std::string_view)>;

/// Prefills `prompt` at the session's position and decodes. Text that could become a stop text
/// is held back until it cannot. Throws context_full when the prompt does not fit.
Generated generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                   model::Session& session, std::span<const Token> prompt,
                   const GenerateOptions& options, const OnText& on_text);

}  // namespace crayon::generation
