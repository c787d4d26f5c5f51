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

/// The chat format that a Jinja chat template writes, by the marks in it; "plain" when none is
/// known. An empty template is "plain" too.
std::string recognize_chat_format(std::string_view chat_template);

}  // namespace crayon::importers
