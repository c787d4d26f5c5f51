#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "runtime/emphasis/spans.h"
#include "runtime/emphasis/syntax.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::emphasis {

struct TokenWeights {
  std::vector<tokenizer::Token> tokens;
  std::vector<float> weights;  ///< [token]: from 0 to max_weight, 1 where nothing was said
};

/// The tokens of encode(text, options), exactly, and the weight of each. `spans` are of bytes of
/// `text`, which may be a whole conversation as a chat format has laid it out, with its contents in
/// `options.literal`. Throws as check() does, and as encode().
///
///  * A span counts for every word (words.h) that it has a part in. All tokens that have a part in
///  a
///    word get its weight.
///  * Where several weights meet, of spans in one word or of words in one token, the strongest
///  counts:
///    the one that is farthest from 1 as a factor; of two that are as far the first.
///  * Tokens of nothing but white space have the weight 1, unless a space ends them that stands
///    directly in front of a word: they are of that word, as in most tokenizers' pieces.
///  * Control tokens (BOS, SOS, EOS, the marks of chat formats) have the weight 1.
///
/// What is a part of what is as exact as Tokenizer::encode_with_begins(): characters that are
/// rewritten together are not told apart, and a character that is lost counts for the token before
/// it.
TokenWeights token_weights(const tokenizer::Tokenizer& tokenizer, std::string_view text,
                           std::span<const Span> spans,
                           const tokenizer::EncodeOptions& options = {});

TokenWeights token_weights(const tokenizer::Tokenizer& tokenizer, const EmphasisedText& emphasised,
                           const tokenizer::EncodeOptions& options = {});

}  // namespace crayon::emphasis
