#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/chat_format.h"

namespace crayon::formats {

enum class TokenizerKind : std::uint8_t {
  sentencepiece_bpe,  ///< merges by piece score, byte fallback (Kudo, Richardson 2018)
  byte_bpe,           ///< merges by rank over bytes (Radford et al. 2019)
  unigram,            ///< the likeliest sequence of pieces, byte fallback (Kudo 2018)
  clip_bpe,           ///< byte_bpe of lower-case words without the space (Radford et al. 2021)
};

enum class TokenType : std::uint8_t {
  normal,
  control,       ///< never matched in text and never printed: <s>, </s>, <|im_end|>
  user_defined,  ///< matched in text before anything else, and printed
  byte,          ///< <0x00> to <0xFF>: one raw byte
  unknown,
  unused,
};

/// Which stretches of a text, as special tokens cut it, add_space_prefix is for.
enum class PrefixScope : std::uint8_t {
  every_part,     ///< all (llama.cpp; a Prepend normalizer)
  text_start,     ///< the first, unless a special token is before it (Metaspace's "first")
  after_control,  ///< the first, and those behind a control token (SentencePiece)
};

/// Whether tokens of this kind have scores; the others have merges.
constexpr bool has_scores(TokenizerKind kind) {
  return kind == TokenizerKind::sentencepiece_bpe || kind == TokenizerKind::unigram;
}

using Token = std::int32_t;

/// How a special token is found in text, where that takes more than its spelling; the names are
/// those of Hugging Face's AddedToken.
struct AddedToken {
  Token token = 0;
  bool lstrip = false;       ///< takes in the white space in front of it
  bool rstrip = false;       ///< takes in the white space behind it
  bool single_word = false;  ///< only where no word goes on in front of it or behind it
  bool normalized = false;   ///< sought in normalised text, behind those that are not
  bool operator==(const AddedToken&) const = default;
};

/// A tokenizer at rest. `pieces`, `scores` and `types` have one entry a token.
///  * sentencepiece_bpe: pieces are UTF-8 with U+2581 for a space; scores order the merges.
///  * unigram: the same; scores are logarithms of probabilities.
///  * byte_bpe: pieces are raw bytes (importers undo GPT-2's byte alphabet, so that a piece is
///    what it prints); merges are pairs of token ids in order of rank, the result being the
///    token whose piece is the concatenation; scores are empty.
///  * clip_bpe: the same, but a piece that ends a word ends in "</w>", which is not in the text.
///    Text becomes lower case, and white space, which parts words, is lost.
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
  bool add_space_prefix = false;  ///< a space in front of the text
  PrefixScope prefix_scope = PrefixScope::every_part;
  bool prefix_unless_space = false;      ///< no such space in front of one (Metaspace)
  bool remove_extra_whitespace = false;  ///< collapse runs of spaces, drop those at the ends
  bool normalize_nfc = false;
  /// What is rewritten into what before anything else: SentencePiece's precompiled_charsmap, see
  /// formats/charsmap.h. Empty: nothing.
  std::string charsmap;
  std::optional<Token> bos, eos, unknown;
  /// Of control, user_defined and unknown tokens, in order of their ids.
  std::vector<AddedToken> added;
  /// Tokens that end an answer, `eos` among them (<|im_end|>, <|eot_id|>).
  std::vector<Token> end_of_generation;
  /// How chat turns become text.
  ChatFormat chat_format = chat_preset("plain");

  bool operator==(const TokenizerData&) const = default;
};

// Limits that check() holds a tokenizer to: several times what any has today.
inline constexpr std::size_t max_tokens = 1u << 20;
inline constexpr std::size_t max_merges = 1u << 20;
inline constexpr std::size_t max_piece_bytes = 4096;
inline constexpr std::size_t max_pre_tokenizers = 64;
inline constexpr std::size_t max_pattern_bytes = 1u << 16;
inline constexpr std::size_t max_charsmap_bytes = 1u << 22;

/// Throws bad_tokenizer, naming the field, unless every list has its size, every id is in
/// range and every merge's result exists.
void check(const TokenizerData& tokenizer);

/// Gives a tokenizer a chat format: the control token by which it ends an answer ends generation
/// as well.
void set_chat_format(TokenizerData& tokenizer, ChatFormat format);

}  // namespace crayon::formats
