#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "formats/tokenizer_data.h"
#include "runtime/tokenizer/encoder.h"
#include "runtime/tokenizer/pieces.h"

namespace crayon::tokenizer {

// What SentencePiece's two kinds of model share.

/// `text` with a space mark for every space.
std::string mark_spaces(std::string_view text);

/// Of all tokens but the `first` ones: turns where they begin in mark_spaces(text) into where they
/// do in `text`.
void unmark_begins(std::string_view text, std::size_t first, TokenList& tokens);

/// The first place after `begin` where a space mark follows something else, or the text's end.
std::size_t end_of_word(std::string_view text, std::size_t begin);

/// Whether no piece goes on into a next word, as in most vocabularies: then words can be encoded
/// one by one, in less time and little memory, with the same result.
bool words_are_apart(const formats::TokenizerData& data);

/// Whether text becomes tokens of this type where no special token is found.
inline bool is_text_type(formats::TokenType type) {
  return type == formats::TokenType::normal || type == formats::TokenType::user_defined;
}

/// What stands for characters that the vocabulary lacks.
class ByteFallback {
 public:
  /// Keeps a reference to `data`. Throws bad_tokenizer for a byte token that names no byte.
  explicit ByteFallback(const formats::TokenizerData& data);

  /// Appends the tokens of a character's bytes or, unless every byte has one, the unknown token:
  /// one for a whole run of such characters. `begin` is where the character does; `after_unknown`
  /// says whether the run goes on, and is set for the next call.
  void append(std::string_view character, std::size_t begin, bool& after_unknown,
              TokenList& tokens) const;

 private:
  void add(formats::Token token);

  const formats::TokenizerData& data_;
  std::array<formats::Token, 256> byte_tokens_;  // [byte] -> token or no_token
};

}  // namespace crayon::tokenizer
