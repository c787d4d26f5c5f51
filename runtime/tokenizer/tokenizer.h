#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/tokenizer_data.h"

namespace crayon::tokenizer {

using formats::Token;

/// Bytes [begin, end) of a text.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct EncodeOptions {
  bool add_bos = true;         ///< in front, where the tokenizer asks for it
  bool continues = false;      ///< goes on from another text: no space is put in front of it
  bool add_eos = false;        ///< at the end, where the tokenizer asks for it
  bool parse_special = false;  ///< control tokens spelled in the text become those tokens
  /// But not where their spelling has a part in one of these, which are in order and apart.
  std::span<const TextRange> literal = {};
};

/// Tokens, and of each the byte of the text that it begins at.
struct Encoding {
  std::vector<Token> tokens;
  std::vector<std::size_t> begins;  ///< as many, ascending
};

/// Text <-> tokens. Immutable and safe from several threads.
class Tokenizer {
 public:
  /// Checks the data; throws bad_tokenizer.
  explicit Tokenizer(formats::TokenizerData data);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;

  /// Any bytes are accepted: what is not UTF-8, or not in the vocabulary, becomes byte tokens or
  /// the unknown token; where the vocabulary has neither, it is lost. Time O(n log n). Throws
  /// over_limit above 256 MiB, or when a pre-tokenizer's backtracking explodes.
  std::vector<Token> encode(std::string_view text, const EncodeOptions& options = {}) const;

  /// The same tokens, and where they begin, in O(n) more time and memory. What lies between two
  /// beginnings belongs to the first of them, or was dropped. Exact up to what was rewritten
  /// together (a letter with its marks, what one rule of a charsmap takes): tokens of one such
  /// group all begin with it, as do those of the bytes of one character that the vocabulary lacks.
  /// The space that is put in front of a text begins with the text.
  Encoding encode_with_begins(std::string_view text, const EncodeOptions& options = {}) const;

  /// The bytes that a token prints: empty for control and unknown tokens and for ids out of
  /// range. A single token may be a part of a UTF-8 character.
  std::string_view bytes(Token token) const;
  /// The same of the first token of a text that prints anything: without the space that encode()
  /// has put in front of the text.
  std::string_view first_bytes(Token token) const;

  /// The text of a sequence. `bytes` of all, less the space that encode() put in front when the
  /// sequence starts a text (`start`).
  std::string decode(const std::vector<Token>& tokens, bool start = true) const;

  bool ends_generation(Token token) const;
  const formats::TokenizerData& data() const;

 private:
  void encode(std::string_view text, const EncodeOptions& options, std::vector<Token>& tokens,
              std::vector<std::size_t>* begins) const;

  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

/// Tokens one at a time into text that never splits a UTF-8 character.
class StreamDecoder {
 public:
  /// `start`: the first token starts a text, whose artificial leading space is dropped.
  explicit StreamDecoder(const Tokenizer& tokenizer, bool start = false)
      : tokenizer_(tokenizer), start_(start) {}

  /// What can be shown now; an unfinished character is held back. Bytes that can no longer
  /// become UTF-8 are replaced by U+FFFD.
  std::string push(Token token);
  /// What is held back, as U+FFFD, at the end.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  bool start_;
  std::string held_;
};

}  // namespace crayon::tokenizer
