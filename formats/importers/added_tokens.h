#pragma once

#include <cstdint>
#include <string>

#include "formats/importers/json_object.h"
#include "formats/tokenizer_data.h"

namespace crayon::importers {

/// Puts a piece at `id`; ids before it that have none become unused. Throws bad_tokenizer, naming
/// the file (`where`), for an id beyond all vocabularies.
void set_piece(formats::TokenizerData& tokenizer, std::uint32_t id, std::string piece,
               formats::TokenType type, const std::string& where);

/// Adds a token as tokenizer.json (added_tokens) and tokenizer_config.json (added_tokens_decoder)
/// describe it: content, special, lstrip, rstrip, single_word, normalized. Replaces what has its
/// id.
void add_token(formats::TokenizerData& tokenizer, std::uint32_t id, const JsonObject& token);

/// Adds those of a tokenizer_config.json's added_tokens_decoder, an object of id -> token.
void add_decoder_tokens(formats::TokenizerData& tokenizer, const JsonObject& config);

}  // namespace crayon::importers
