#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/tokenizer_data.h"

namespace crayon::tokenizer {

/// U+2581, what SentencePiece writes for a space.
constexpr std::string_view space_mark = "\xe2\x96\x81";

/// What CLIP writes behind the last piece of a word.
constexpr std::string_view word_end = "</w>";

/// The byte that a byte piece "<0x00>" to "<0xFF>" stands for; nothing for any other piece.
std::optional<char> byte_of_piece(std::string_view piece);

/// How a token is spelled in text: its piece, with spaces for SentencePiece's space marks.
std::string spelling(const formats::TokenizerData& data, formats::Token token);

/// What a token prints: its spelling, with a space for CLIP's word end; the byte of a byte token;
/// nothing for control and unknown.
std::string printed(const formats::TokenizerData& data, formats::Token token);

}  // namespace crayon::tokenizer
