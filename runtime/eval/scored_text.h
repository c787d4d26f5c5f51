#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/eval/perplexity.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::eval {

/// What of a text starts afresh, and what of it counts.
struct TextScoring {
  std::string separator = {};  ///< between documents; empty: one document
  std::string after = {};      ///< only what stands behind it counts; empty: all
  std::string until = {};      ///< ... up to this text and with it; empty: to the document's end
  bool special = false;        ///< control tokens that are spelled in the text become those tokens
};

/// The documents of a text as tokens, empty ones left out. Of tokens over the border of what
/// counts, those at its beginning count, and those at its end do not. Throws bad_argument for
/// `until` without `after`.
std::vector<Sequence> sequences_of(std::string_view text, const TextScoring& scoring,
                                   const tokenizer::Tokenizer& tokenizer);

}  // namespace crayon::eval
