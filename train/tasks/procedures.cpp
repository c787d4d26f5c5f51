#include <fmt/format.h>

#include "train/tasks/families.h"

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> steps = {
    "open the cover",  "close the tap", "press start",     "turn the knob",
    "lift the lever",  "set the timer", "fit the hose",    "loosen the nut",
    "pull the pin",    "wipe the lens", "insert the card", "hold the button",
    "release the air", "lock the lid",  "read the dial",   "remove the tray"};

/// Four to six numbered steps.
struct Procedure {
  std::vector<std::string> steps;
  std::string text;
};

Procedure make_procedure(Dice& dice) {
  Procedure procedure;
  procedure.steps = dice.sample(steps, static_cast<std::size_t>(dice.between(4, 6)));
  const std::vector<std::string> forms = {"Step {}: {}.", "{}. {}."};
  const std::string form = dice.pick(forms);
  for (std::size_t i = 0; i < procedure.steps.size(); ++i) {
    procedure.text +=
        (i == 0 ? "" : " ") + fmt::format(fmt::runtime(form), i + 1, procedure.steps[i]);
  }
  return procedure;
}

/// Asks for the step `distance` behind a given one.
Item relative(Dice& dice, const std::vector<std::string>& forms, int distance) {
  const Procedure procedure = make_procedure(dice);
  const int last = static_cast<int>(procedure.steps.size()) - 1;
  const int from =
      dice.between(distance < 0 ? -distance : 0, distance > 0 ? last - distance : last);
  return make_item(
      dice, procedure.text,
      fmt::format(fmt::runtime(dice.pick(forms)), procedure.steps[static_cast<std::size_t>(from)]),
      procedure.steps[static_cast<std::size_t>(from + distance)], procedure.steps);
}

Item by_number(Dice& dice) {
  const Procedure procedure = make_procedure(dice);
  const auto i =
      static_cast<std::size_t>(dice.between(0, static_cast<int>(procedure.steps.size()) - 1));
  const std::vector<std::string> forms = {"What is step {}?", "What is done in step {}?"};
  return make_item(dice, procedure.text, fmt::format(fmt::runtime(dice.pick(forms)), i + 1),
                   procedure.steps[i], procedure.steps);
}

Item number_of(Dice& dice) {
  const Procedure procedure = make_procedure(dice);
  const auto i =
      static_cast<std::size_t>(dice.between(0, static_cast<int>(procedure.steps.size()) - 1));
  return make_item(dice, procedure.text, fmt::format("In which step do we {}?", procedure.steps[i]),
                   std::to_string(i + 1), {"1", "2", "3", "4", "5", "6"});
}

Item after(Dice& dice) {
  return relative(dice, {"What comes after {}?", "What follows {}?"}, 1);
}

Item before(Dice& dice) {
  return relative(dice, {"What comes before {}?", "What precedes {}?"}, -1);
}

Item two_after(Dice& dice) {
  return relative(dice, {"What comes two steps after {}?"}, 2);
}

Item count(Dice& dice) {
  const Procedure procedure = make_procedure(dice);
  return make_item(dice, procedure.text, "How many steps are there?",
                   std::to_string(procedure.steps.size()), {"3", "4", "5", "6", "7"});
}

constexpr Family families[] = {
    {"procedures", "step_by_number", by_number}, {"procedures", "step_number_of", number_of},
    {"procedures", "step_after", after},         {"procedures", "step_before", before},
    {"procedures", "step_two_after", two_after}, {"procedures", "step_count", count},
};

}  // namespace

std::span<const Family> procedure_families() {
  return families;
}

}  // namespace crayon::train::tasks
