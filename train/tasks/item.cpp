#include "train/tasks/item.h"

#include <algorithm>

namespace crayon::train::tasks {

Item make_item(Dice& dice, std::string context, std::string question, std::string right,
               std::vector<std::string> wrong) {
  Item item{std::move(context), std::move(question), {right}, 0};
  for (std::string& choice : wrong) {
    if (std::find(item.choices.begin(), item.choices.end(), choice) == item.choices.end()) {
      item.choices.push_back(std::move(choice));
    }
  }
  dice.shuffle(item.choices);
  item.answer = static_cast<std::size_t>(
      std::find(item.choices.begin(), item.choices.end(), right) - item.choices.begin());
  return item;
}

Item make_check(Dice& dice, std::string context, std::string question, bool yes) {
  return make_item(dice, std::move(context), std::move(question), yes ? "yes" : "no",
                   {yes ? "no" : "yes"});
}

}  // namespace crayon::train::tasks
