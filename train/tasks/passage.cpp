#include "train/tasks/passage.h"

#include <algorithm>
#include <sstream>

#include "train/tasks/families.h"

namespace crayon::train::tasks {
namespace {

bool is_number(const std::string& text) {
  return text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

std::vector<std::size_t> Passage::places_of(const std::string& word) const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == word) {
      places.push_back(i);
    }
  }
  return places;
}

Passage read_passage(const std::string& text) {
  Passage passage;
  passage.text = text;
  std::string sentence;
  std::istringstream pieces(text);
  for (std::string piece; pieces >> piece;) {
    const std::string word = piece.substr(0, piece.find_last_not_of(".,:;=") + 1);
    if (!word.empty()) {
      passage.words.push_back(word);
    }
    const bool starts_with_number = sentence.empty() && is_number(word);
    sentence += (sentence.empty() ? "" : " ") + piece;
    if (piece.ends_with('.') && !starts_with_number) {
      sentence.pop_back();
      passage.sentences.push_back(sentence);
      passage.last_word.push_back(passage.words.size() - 1);
      sentence.clear();
    }
  }
  return passage;
}

Passage any_passage(Dice& dice) {
  return read_passage(dice.pick(rule_families()).make(dice).context);
}

}  // namespace crayon::train::tasks
