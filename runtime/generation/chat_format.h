#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/chat_format.h"
#include "runtime/emphasis/token_weights.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::generation {

using formats::ChatFormat;
using formats::Token;
using formats::Turn;

/// The tokens of a conversation, up to where the assistant begins to speak. Control tokens that
/// the format spells become tokens where the tokenizer has them and text where it has not; turns'
/// contents are never parsed for them. Throws bad_argument as formats::lay_out() does.
std::vector<Token> render(std::span<const Turn> turns, const ChatFormat& format,
                          const tokenizer::Tokenizer& tokenizer);

/// A stretch of a turn's content that weighs more or less than the rest.
struct TurnSpan {
  std::size_t turn = 0;  ///< its number
  emphasis::Span span;   ///< in the turn's content
};

/// The same with what each token weighs. Spans of a turn are in order and apart. Throws
/// bad_argument for a span outside of its turn, too.
emphasis::TokenWeights render_weighted(std::span<const Turn> turns, std::span<const TurnSpan> spans,
                                       const ChatFormat& format,
                                       const tokenizer::Tokenizer& tokenizer);

/// The same without weights, followed by an answer as it stands in an assistant's turn of the
/// format, without what closes the turn: encoded in one go with the text before it.
std::vector<Token> render_answered(std::span<const Turn> turns, std::string_view answer,
                                   const ChatFormat& format, const tokenizer::Tokenizer& tokenizer);

/// Of a rendered conversation, how many first tokens stand before what its user says first: the
/// system turn, and what the format puts around it. At least 1.
std::size_t opening_tokens(std::span<const Turn> turns, const ChatFormat& format,
                           const tokenizer::Tokenizer& tokenizer);

/// `answer` as it follows a rendered conversation: with the space, if any, that the format puts
/// between the opening and what the assistant says.
std::string spoken(std::string_view answer, const ChatFormat& format);

}  // namespace crayon::generation
