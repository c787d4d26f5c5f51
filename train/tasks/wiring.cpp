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
  const std::vector<std::string> lines = {"The {} wire goes from {} to {}.", "{}: {} to {}.",
                                          "A {} wire leads from {} to {}."};
  const std::string line = dice.pick(lines);
  for (std::size_t i = 0; i < count; ++i) {
    diagram.wires.push_back({chosen[i], terminals[2 * i], terminals[2 * i + 1]});
    const Wire& wire = diagram.wires.back();
    diagram.text += (i == 0 ? "" : " ") + ask(line, wire.colour, wire.from, wire.to);
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

template <std::string Wire::*given, std::string Wire::*wanted>
Item look_up(Dice& dice, const std::string& form) {
  const Diagram diagram = make_diagram(dice);
  const Wire wire = dice.pick(diagram.wires);
  return make_item(dice, diagram.text, ask(form, wire.*given), wire.*wanted,
                   column(diagram, wanted));
}

Item connected(Dice& dice, const std::string& form) {
  const Diagram diagram = make_diagram(dice);
  const std::vector<Wire> two = dice.sample(diagram.wires, 2);
  const bool yes = dice.coin();
  return make_check(dice, diagram.text, ask(form, two[0].from, two[yes ? 0 : 1].to), yes);
}

const std::vector<Family> families = {
    {"wiring",
     "wire_end",
     look_up<&Wire::colour, &Wire::to>,
     {"Where does the {} wire end?", "To which terminal goes the {} wire?",
      "Where does {} lead to?", "At which terminal ends {}?"},
     {"I follow {}. Where does it end?", "Tell me where the {} wire goes to."}},
    {"wiring",
     "wire_begin",
     look_up<&Wire::colour, &Wire::from>,
     {"Where does the {} wire begin?", "From which terminal comes the {} wire?",
      "Where does {} come from?", "At which terminal begins {}?"},
     {"I follow {} back. Where does it begin?", "Tell me where the {} wire comes from."}},
    {"wiring",
     "wire_colour",
     look_up<&Wire::to, &Wire::colour>,
     {"Which wire ends at {}?", "What colour has the wire to {}?", "Which wire arrives at {}?",
      "Which wire leads to {}?"},
     {"Tell me the colour of the wire to {}.", "At {} ends which wire?"}},
    {"wiring",
     "wire_connected",
     connected,
     {"Are {} and {} connected?", "Is there a wire from {} to {}?", "Does {} lead to {}?"},
     {"Does a wire go from {} to {}?"}},
    {"wiring",
     "wire_other_end",
     look_up<&Wire::to, &Wire::from>,
     {"From where is {} fed?", "Where does the wire begin that ends at {}?"},
     {}},
    {"wiring",
     "wire_colour_from",
     look_up<&Wire::from, &Wire::colour>,
     {"Which wire begins at {}?", "What colour has the wire from {}?"},
     {}},
};

}  // namespace

const std::vector<Family>& wiring_families() {
  return families;
}

}  // namespace crayon::train::tasks
