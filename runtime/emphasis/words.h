#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace crayon::emphasis {

/// What a weight is given to: bytes [begin, end) of a text.
struct Word {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool space = false;  ///< one character of white space, which has no weight
};

/// All of a text. A run of letters, digits and connectors is a word, and every other character is
/// one of its own, as is every byte that is not UTF-8. Marks go with what is before them. In
/// scripts that put no spaces between words (Han, kana, Thai, Lao, Burmese, Khmer) every letter is
/// a word.
std::vector<Word> split_words(std::string_view text);

}  // namespace crayon::emphasis
