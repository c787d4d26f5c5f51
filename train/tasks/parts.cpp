#include <algorithm>

#include "train/tasks/families.h"

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> parts = {"gaskets", "bolts",  "fuses",   "belts",
                                        "lamps",   "seals",  "rivets",  "plugs",
                                        "cables",  "screws", "springs", "filters"};

struct Box {
  int number;
  std::string part;
  int count;
};

struct Stock {
  std::vector<Box> boxes;
  std::string text;
};

Stock make_stock(Dice& dice) {
  Stock stock;
  const auto count = static_cast<std::size_t>(dice.between(3, 5));
  std::vector<int> numbers;
  for (int number = 1; number <= 30; ++number) {
    numbers.push_back(number);
  }
  numbers = dice.sample(numbers, count);
  const std::vector<int> counts = spread_numbers(dice, count);
  const std::vector<std::string> names = dice.sample(parts, count);
  const std::vector<std::string> lines = {"Box {} holds {} {}.", "In box {} there are {} {}.",
                                          "Box {}: {} {}."};
  const std::string line = dice.pick(lines);
  for (std::size_t i = 0; i < count; ++i) {
    stock.boxes.push_back({numbers[i], names[i], counts[i]});
    stock.text += (i == 0 ? "" : " ") + ask(line, numbers[i], counts[i], names[i]);
  }
  return stock;
}

std::vector<std::string> names_of(const Stock& stock) {
  std::vector<std::string> names;
  for (const Box& box : stock.boxes) {
    names.push_back(box.part);
  }
  return names;
}

std::vector<std::string> numbers_of(const Stock& stock, int Box::*field) {
  std::vector<std::string> numbers;
  for (const Box& box : stock.boxes) {
    numbers.push_back(std::to_string(box.*field));
  }
  return numbers;
}

Item where(Dice& dice, const std::string& form) {
  const Stock stock = make_stock(dice);
  const Box asked = dice.pick(stock.boxes);
  return make_item(dice, stock.text, ask(form, asked.part), std::to_string(asked.number),
                   numbers_of(stock, &Box::number));
}

Item content(Dice& dice, const std::string& form) {
  const Stock stock = make_stock(dice);
  const Box asked = dice.pick(stock.boxes);
  return make_item(dice, stock.text, ask(form, asked.number), asked.part, names_of(stock));
}

Item how_many(Dice& dice, const std::string& form) {
  const Stock stock = make_stock(dice);
  const Box asked = dice.pick(stock.boxes);
  return make_item(dice, stock.text, ask(form, asked.part), std::to_string(asked.count),
                   numbers_of(stock, &Box::count));
}

Item enough(Dice& dice, const std::string& form) {
  const Stock stock = make_stock(dice);
  const Box asked = dice.pick(stock.boxes);
  const bool yes = dice.coin();
  return make_check(dice, stock.text, ask(form, limit_beside(dice, asked.count, !yes), asked.part),
                    yes);
}

bool are_fewer(const Box& a, const Box& b) {
  return a.count < b.count;
}

Item fewest(Dice& dice, const std::string& form) {
  const Stock stock = make_stock(dice);
  return make_item(dice, stock.text, form, std::ranges::min_element(stock.boxes, are_fewer)->part,
                   names_of(stock));
}

Item most(Dice& dice, const std::string& form) {
  const Stock stock = make_stock(dice);
  return make_item(dice, stock.text, form, std::ranges::max_element(stock.boxes, are_fewer)->part,
                   names_of(stock));
}

/// The one of three parts that no box holds.
Item missing(Dice& dice, const std::string& form) {
  const Stock stock = make_stock(dice);
  const std::vector<std::string> held = names_of(stock);
  std::vector<std::string> three = dice.sample(held, 2);
  std::string absent = dice.pick(parts);
  while (std::ranges::find(held, absent) != held.end()) {
    absent = dice.pick(parts);
  }
  three.push_back(absent);
  dice.shuffle(three);
  return make_item(dice, stock.text, ask(form, three[0], three[1], three[2]), absent, three);
}

const std::vector<Family> families = {
    {"parts",
     "part_box",
     where,
     {"In which box are the {}?", "Which box holds {}?", "Where are the {} kept?",
      "In which box do we find {}?"},
     {"I need {}. Which box?", "Which box has the {}?"}},
    {"parts",
     "box_content",
     content,
     {"What is in box {}?", "Which part is in box {}?", "What does box {} hold?",
      "What do we find in box {}?"},
     {"Tell me what is in box {}.", "I open box {}. Which part is it?"}},
    {"parts",
     "part_count",
     how_many,
     {"How many {} are there?", "How many {} are in stock?", "What is the number of {}?",
      "How many {} do we have?"},
     {"Tell me how many {} we have.", "The number of {}, please."}},
    {"parts",
     "part_fewest",
     fewest,
     {"Of what are there the fewest?", "Which part has the smallest number?",
      "What is there the least of?"},
     {"Which part is there the fewest of?"}},
    {"parts",
     "part_missing",
     missing,
     {"Which is not in stock: {}, {} or {}?", "What is missing: {}, {} or {}?",
      "Which do we not have: {}, {} or {}?"},
     {"I need {}, {} and {}. Which is missing?"}},
    {"parts",
     "part_enough",
     enough,
     {"The job needs {} {}. Are there enough?", "Can we take {} {}?"},
     {}},
    {"parts",
     "part_most",
     most,
     {"Of what are there the most?", "Which part has the greatest number?"},
     {}},
};

}  // namespace

const std::vector<Family>& part_families() {
  return families;
}

}  // namespace crayon::train::tasks
