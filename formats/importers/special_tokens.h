#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/tokenizer_data.h"

namespace crayon::importers {

/// The byte that "<0x0A>" stands for; empty for any other text.
std::optional<std::uint8_t> byte_of_piece(std::string_view piece);

/// What SentencePiece, and GGUF after it, means by the number of a token's type; empty for others.
std::optional<formats::TokenType> sentencepiece_type(std::int64_t number);

/// Fills end_of_generation: eos, what it holds already, and the control tokens by which the
/// known chat formats end a turn.
void complete_end_of_generation(formats::TokenizerData& tokenizer);

/// Gives the tokenizer the chat format that the model's template writes, or "plain" with a note
/// that says why not; see read_chat_template().
void set_chat_template(formats::TokenizerData& tokenizer, std::string_view source);

}  // namespace crayon::importers
