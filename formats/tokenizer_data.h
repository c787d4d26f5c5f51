#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace crayon::formats {

enum class TokenizerKind : std::uint8_t {
  sentencepiece_bpe,  ///< merges by piece score, byte fallback (Kudo, Richardson 2018)
  byte_bpe,           ///< merges by rank over bytes (Radford et al. 2019)
};

enum class TokenType : std::uint8_t {
  normal,
  control,       ///< never matched in text and never printed: <s>, </s>, <|im_end|>
  user_defined,  ///< matched in text before anything else, and printed
  byte,          ///< <0x00> to <0xFF>: one raw byte
  unknown,
  unused,
};

using Token = std::int32_t;

/// A tokenizer at rest. `pieces`, `scores` and `types` have one entry a token.
///  * sentencepiece_bpe: pieces are UTF-8 with U+2581 for a space; scores order the merges.
///  * byte_bpe: pieces are raw bytes (importers undo GPT-2's byte alphabet, so that a piece is
///    what it prints); merges are pairs of token ids in order of rank, the result being the
///    token whose piece is the concatenation; scores are empty.
struct TokenizerData {
  TokenizerKind kind = TokenizerKind::sentencepiece_bpe;
  std::vector<std::string> pieces;
  std::vector<float> scores;
  std::vector<TokenType> types;
  struct Merge {
    Token left, right;
    bool operator==(const Merge&) const = default;
  };
  std::vector<Merge> merges;
  /// Regular expressions (PCRE2, UTF mode), applied one after the other, that split text before
  /// byte_bpe: each match and each gap between matches becomes a unit of its own.
  std::vector<std::string> pre_tokenizers;
  /// byte_bpe: a unit that is a whole token is taken at once, without merging (Llama 3).
  bool ignore_merges = false;
  bool add_bos = false;
  bool add_eos = false;
  bool add_space_prefix = false;         ///< sentencepiece: a space in front of the text
  bool remove_extra_whitespace = false;  ///< sentencepiece: collapse runs of spaces
  bool normalize_nfc = false;
  std::optional<Token> bos, eos, unknown;
  /// Tokens that end an answer, `eos` among them (<|im_end|>, <|eot_id|>).
  std::vector<Token> end_of_generation;
  /// How chat turns become text: "plain", "chatml", "llama2", "llama3", "zephyr", ...
  std::string chat_format = "plain";

  bool operator==(const TokenizerData&) const = default;
};

// Limits that check() holds a tokenizer to: several times what any has today.
inline constexpr std::size_t max_tokens = 1u << 20;
inline constexpr std::size_t max_merges = 1u << 20;
inline constexpr std::size_t max_piece_bytes = 4096;
inline constexpr std::size_t max_pre_tokenizers = 64;
inline constexpr std::size_t max_pattern_bytes = 1u << 16;
inline constexpr std::size_t max_chat_format_bytes = 64;

/// Throws bad_tokenizer, naming the field, unless every list has its size, every id is in
/// range and every merge's result exists.
void check(const TokenizerData& tokenizer);

}  // namespace crayon::formats
