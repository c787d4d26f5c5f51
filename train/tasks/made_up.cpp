#include "train/tasks/made_up.h"

#include <vector>

namespace crayon::train::tasks {

std::string made_up_word(Dice& dice) {
  const std::vector<std::string> heads = {"b", "d", "f", "g", "k", "l", "m",  "n",  "p",
                                          "r", "s", "t", "v", "w", "z", "br", "st", "tr"};
  const std::vector<std::string> cores = {"a", "e", "i", "o", "u"};
  const std::vector<std::string> tails = {"", "", "", "n", "r", "k", "l", "s", "x", "b"};
  std::string word;
  for (int syllables = dice.between(1, 2); syllables > 0; --syllables) {
    word += dice.pick(heads);
    word += dice.pick(cores);
  }
  return word + dice.pick(tails);
}

}  // namespace crayon::train::tasks
