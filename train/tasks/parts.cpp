#include <fmt/format.h>

#include <algorithm>

#include "train/tasks/families.h"

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> parts = {"gaskets", "bolts",  "fuses",   "belts",
                                        "lamps",   "seals",  "clamps",  "plugs",
                                        "cables",  "screws", "springs", "filters"};

struct Stock {
  struct Box {
    int number;
    std::string part;
    int count;
  };
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
  const std::vector<std::string> names = dice.sample(parts, count);
  const std::vector<std::string> forms = {"Box {} holds {} {}.", "In box {} there are {} {}.",
                                          "Box {}: {} {}."};
  const std::string form = dice.pick(forms);
  for (std::size_t i = 0; i < count; ++i) {
    stock.boxes.push_back({numbers[i], names[i], dice.between(2, 40)});
    stock.text += (i == 0 ? "" : " ") +
                  fmt::format(fmt::runtime(form), numbers[i], stock.boxes[i].count, names[i]);
  }
  return stock;
}

std::vector<std::string> names_of(const Stock& stock) {
  std::vector<std::string> names;
  for (const Stock::Box& box : stock.boxes) {
    names.push_back(box.part);
  }
  return names;
}

Item where(Dice& dice) {
  const Stock stock = make_stock(dice);
  const Stock::Box asked = dice.pick(stock.boxes);
  std::vector<std::string> numbers;
  for (const Stock::Box& box : stock.boxes) {
    numbers.push_back(std::to_string(box.number));
  }
  const std::vector<std::string> forms = {"In which box are the {}?", "Which box holds {}?"};
  return make_item(dice, stock.text, fmt::format(fmt::runtime(dice.pick(forms)), asked.part),
                   std::to_string(asked.number), numbers);
}

Item content(Dice& dice) {
  const Stock stock = make_stock(dice);
  const Stock::Box asked = dice.pick(stock.boxes);
  return make_item(dice, stock.text, fmt::format("What is in box {}?", asked.number), asked.part,
                   names_of(stock));
}

Item how_many(Dice& dice) {
  const Stock stock = make_stock(dice);
  const Stock::Box asked = dice.pick(stock.boxes);
  std::vector<std::string> counts = {std::to_string(asked.count + 1)};
  for (const Stock::Box& box : stock.boxes) {
    counts.push_back(std::to_string(box.count));
  }
  const std::vector<std::string> forms = {"How many {} are there?", "How many {} are in stock?"};
  return make_item(dice, stock.text, fmt::format(fmt::runtime(dice.pick(forms)), asked.part),
                   std::to_string(asked.count), counts);
}

Item enough(Dice& dice) {
  const Stock stock = make_stock(dice);
  const Stock::Box asked = dice.pick(stock.boxes);
  const int distance = dice.between(1, 15);
  const int needed = dice.coin() ? asked.count + distance : std::max(1, asked.count - distance);
  return make_check(dice, stock.text,
                    fmt::format("The job needs {} {}. Are there enough?", needed, asked.part),
                    asked.count >= needed);
}

Item fewest(Dice& dice) {
  const Stock stock = make_stock(dice);
  const auto least =
      std::min_element(stock.boxes.begin(), stock.boxes.end(),
                       [](const Stock::Box& a, const Stock::Box& b) { return a.count < b.count; });
  const auto ties = std::count_if(stock.boxes.begin(), stock.boxes.end(),
                                  [&](const Stock::Box& box) { return box.count == least->count; });
  return ties > 1 ? fewest(dice)
                  : make_item(dice, stock.text, "Of what are there the fewest?", least->part,
                              names_of(stock));
}

Item not_in_stock(Dice& dice) {
  const Stock stock = make_stock(dice);
  const std::vector<std::string> held = names_of(stock);
  std::vector<std::string> others;
  for (const std::string& part : parts) {
    if (std::find(held.begin(), held.end(), part) == held.end()) {
      others.push_back(part);
    }
  }
  const std::string missing = dice.pick(others);
  return make_item(dice, stock.text, "Which of these is not in stock?", missing,
                   dice.sample(held, 3));
}

constexpr Family families[] = {
    {"parts", "part_box", where},      {"parts", "box_content", content},
    {"parts", "part_count", how_many}, {"parts", "part_enough", enough},
    {"parts", "part_fewest", fewest},  {"parts", "part_missing", not_in_stock},
};

}  // namespace

std::span<const Family> part_families() {
  return families;
}

}  // namespace crayon::train::tasks
