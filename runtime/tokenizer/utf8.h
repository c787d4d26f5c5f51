#pragma once

#include <cstddef>
#include <string_view>

namespace crayon::tokenizer {

/// What the bytes at the front of a text are.
enum class Utf8 {
  valid,      ///< one character
  invalid,    ///< bytes that are in no character, whatever follows
  truncated,  ///< the beginning of a character that the end of the text cuts off
};

struct Utf8Char {
  Utf8 kind;
  /// Bytes, at least 1. Of an invalid or truncated sequence: its longest part that could have
  /// begun a character (Unicode 15, section 3.9, "maximal subpart"), which is what one U+FFFD
  /// stands for.
  std::size_t size;
};

/// The character at the front of a text that is not empty.
Utf8Char next_char(std::string_view text);

/// The code point of a character that next_char() calls valid.
char32_t code_point(std::string_view character);

/// Bytes at the front of `text` that are all in characters (`valid`), or all in none.
std::size_t run_length(std::string_view text, bool valid);

}  // namespace crayon::tokenizer
