#pragma once

#include <cstddef>
#include <string_view>

namespace crayon::tokenizer {

// What regular expressions call \s and \w, by Unicode.

/// Bytes of white space at the front, and at the end, of a text.
std::size_t leading_white_space(std::string_view text);
std::size_t trailing_white_space(std::string_view text);

/// Whether the first, or last, character is a letter, mark, digit, connector or joiner. False for
/// an empty text and for bytes that are not UTF-8.
bool begins_with_word(std::string_view text);
bool ends_with_word(std::string_view text);

/// Whether the first character is a mark or a joiner, which belong to what is before them.
bool begins_with_mark(std::string_view text);

}  // namespace crayon::tokenizer
