#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "formats/tokenizer_data.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::tokenizer::test {

using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;

/// Appends a token and returns its id.
Token add_piece(TokenizerData& data, std::string piece, TokenType type = TokenType::normal,
                float score = 0);

/// SentencePiece: <unk> is 0, <s> 1, </s> 2, then `pieces`, the first with the highest score.
TokenizerData sentencepiece(const std::vector<std::string>& pieces);

/// Appends <0x00> to <0xFF>; returns the id of <0x00>.
Token add_byte_tokens(TokenizerData& data);

/// Byte-level BPE: tokens 0 to 255 are the bytes, and each merge appends its result. No
/// pre-tokenizer.
TokenizerData byte_bpe(const std::vector<std::pair<std::string, std::string>>& merges);

/// CLIP's BPE: tokens 0 to 255 are bytes, 256 to 511 bytes at the end of a word, then what merges
/// make, <|startoftext|> and <|endoftext|>, which encode() adds.
TokenizerData clip_bpe(const std::vector<std::pair<std::string, std::string>>& merges);

/// Byte-level BPE with `merges` random merges over the letters a to d.
TokenizerData random_byte_bpe(Random& random, std::size_t merges);

/// A tokenizer of any kind, of random pieces, special tokens and preparation of texts.
TokenizerData random_tokenizer(Random& random);

/// The token whose piece is `piece`; fails the test where there is none.
Token id_of(const TokenizerData& data, std::string_view piece);

/// The pieces of `tokens`, joined by '|'.
std::string pieces_of(const TokenizerData& data, const std::vector<Token>& tokens);

/// pieces_of what `data` makes of `text`, without BOS.
std::string cut(const TokenizerData& data, std::string_view text);

/// Up to `max_characters` characters from many scripts, some of them apt to be mishandled.
std::string random_text(Random& random, std::size_t max_characters);

/// Up to `max_bytes` bytes: random ones, ASCII and pieces of UTF-8, mixed.
std::string random_bytes(Random& random, std::size_t max_bytes);

/// `text` with `to` for every `from`.
std::string replaced(std::string_view text, std::string_view from, std::string_view to);

/// Unpacks a file of gzip; false where that program is not there or fails.
bool unpack_gzip(const std::filesystem::path& packed, const std::filesystem::path& file);

/// CPU time of this process so far: what tests of speed measure, as machines are shared.
double cpu_seconds();

/// A code point as UTF-8.
std::string utf8(char32_t character);

}  // namespace crayon::tokenizer::test
