#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "train/tasks/item.h"

namespace crayon::train::tasks {

/// A context taken apart into its sentences and words.
struct Passage {
  std::string text;
  std::vector<std::string> sentences;  ///< [sentences] without the full stop
  std::vector<std::string> words;      ///< [words] without the punctuation behind them
  std::vector<std::size_t> last_word;  ///< [sentences] index into words of each one's last word

  /// Where `word` stands: ascending indices into words.
  std::vector<std::size_t> places_of(const std::string& word) const;
  /// Index into words of the first word of a sentence.
  std::size_t first_word(std::size_t sentence) const {
    return sentence == 0 ? 0 : last_word[sentence - 1] + 1;
  }
};

/// A number alone, as in "1. press start.", belongs to the sentence behind it.
Passage read_passage(const std::string& text);

/// The context of any family that has a rule, taken apart: so skills share every theme's words.
Passage any_passage(Dice& dice);

}  // namespace crayon::train::tasks
