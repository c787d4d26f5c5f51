#include "train/tasks/item.h"

#include <algorithm>

namespace crayon::train::tasks {

std::vector<int> spread_numbers(Dice& dice, std::size_t count) {
  std::vector<int> numbers = dice.sample(std::vector<int>{20, 30, 40, 50, 60, 70, 80}, count);
  for (int& number : numbers) {
    number += dice.between(0, 9);
  }
  return numbers;
}

int limit_beside(Dice& dice, int value, bool above) {
  const int distance = dice.between(10, 30);
  return above ? std::min(99, value + distance) : std::max(5, value - distance);
}

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
