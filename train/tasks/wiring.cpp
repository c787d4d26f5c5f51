#include <fmt/format.h>

#include <algorithm>

#include "train/tasks/families.h"

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> colours = {"red",   "blue",   "green", "black", "white",
                                          "brown", "yellow", "grey",  "pink",  "orange"};

struct Wire {
  std::string colour, from, to;
};

struct Diagram {
  std::vector<Wire> wires;
  std::string text;
};

/// Wires between terminals that are all different: A3, C7, ...
Diagram make_diagram(Dice& dice) {
  Diagram diagram;
  const auto count = static_cast<std::size_t>(dice.between(3, 5));
  std::vector<std::string> terminals;
  for (const char row : std::string_view("ABCD")) {
    for (int number = 1; number <= 9; ++number) {
      terminals.push_back(fmt::format("{}{}", row, number));
    }
  }
  terminals = dice.sample(terminals, 2 * count);
  const std::vector<std::string> chosen = dice.sample(colours, count);
  const std::vector<std::string> forms = {"The {} wire goes from {} to {}.", "{}: {} to {}.",
                                          "A {} wire joins {} and {}."};
  const std::string form = dice.pick(forms);
  for (std::size_t i = 0; i < count; ++i) {
    diagram.wires.push_back({chosen[i], terminals[2 * i], terminals[2 * i + 1]});
    const Wire& wire = diagram.wires.back();
    diagram.text +=
        (i == 0 ? "" : " ") + fmt::format(fmt::runtime(form), wire.colour, wire.from, wire.to);
  }
  return diagram;
}

std::vector<std::string> column(const Diagram& diagram, std::string Wire::*field) {
  std::vector<std::string> values;
  for (const Wire& wire : diagram.wires) {
    values.push_back(wire.*field);
  }
  return values;
}

Item look_up(Dice& dice, const std::vector<std::string>& forms, std::string Wire::*given,
             std::string Wire::*wanted) {
  const Diagram diagram = make_diagram(dice);
  const Wire wire = dice.pick(diagram.wires);
  return make_item(dice, diagram.text, fmt::format(fmt::runtime(dice.pick(forms)), wire.*given),
                   wire.*wanted, column(diagram, wanted));
}

Item end(Dice& dice) {
  return look_up(dice, {"Where does the {} wire end?", "To which terminal goes the {} wire?"},
                 &Wire::colour, &Wire::to);
}

Item begin(Dice& dice) {
  return look_up(dice, {"Where does the {} wire begin?", "From which terminal comes the {} wire?"},
                 &Wire::colour, &Wire::from);
}

Item colour(Dice& dice) {
  return look_up(dice, {"Which wire ends at {}?", "What colour has the wire at {}?"}, &Wire::to,
                 &Wire::colour);
}

Item other_end(Dice& dice) {
  return look_up(dice, {"What is connected to {}?", "What is at the other end of {}?"}, &Wire::to,
                 &Wire::from);
}

Item connected(Dice& dice) {
  const Diagram diagram = make_diagram(dice);
  const std::vector<Wire> two = dice.sample(diagram.wires, 2);
  const bool yes = dice.coin();
  return make_check(dice, diagram.text,
                    fmt::format("Are {} and {} connected?", two[0].from, two[yes ? 0 : 1].to), yes);
}

constexpr Family families[] = {
    {"wiring", "wire_end", end},
    {"wiring", "wire_begin", begin},
    {"wiring", "wire_colour", colour},
    {"wiring", "wire_other_end", other_end},
    {"wiring", "wire_connected", connected},
};

}  // namespace

std::span<const Family> wiring_families() {
  return families;
}

}  // namespace crayon::train::tasks
