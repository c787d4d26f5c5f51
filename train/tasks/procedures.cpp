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
  const std::vector<std::string> lines = {"Step {}: {}.", "{}. {}."};
  const std::string line = dice.pick(lines);
  for (std::size_t i = 0; i < procedure.steps.size(); ++i) {
    procedure.text += (i == 0 ? "" : " ") + ask(line, i + 1, procedure.steps[i]);
  }
  return procedure;
}

/// The index of a step that has `before` others before it and `after` behind it.
std::size_t index_of(Dice& dice, const Procedure& procedure, int before, int after) {
  return static_cast<std::size_t>(
      dice.between(before, static_cast<int>(procedure.steps.size()) - 1 - after));
}

const std::vector<std::string> numbers = {"1", "2", "3", "4", "5", "6"};

Item by_number(Dice& dice, const std::string& form) {
  const Procedure procedure = make_procedure(dice);
  const std::size_t i = index_of(dice, procedure, 0, 0);
  return make_item(dice, procedure.text, ask(form, i + 1), procedure.steps[i], procedure.steps);
}

Item number_of(Dice& dice, const std::string& form) {
  const Procedure procedure = make_procedure(dice);
  const std::size_t i = index_of(dice, procedure, 0, 0);
  return make_item(dice, procedure.text, ask(form, procedure.steps[i]), numbers[i], numbers);
}

Item after(Dice& dice, const std::string& form) {
  const Procedure procedure = make_procedure(dice);
  const std::size_t i = index_of(dice, procedure, 0, 1);
  return make_item(dice, procedure.text, ask(form, procedure.steps[i]), procedure.steps[i + 1],
                   procedure.steps);
}

Item before(Dice& dice, const std::string& form) {
  const Procedure procedure = make_procedure(dice);
  const std::size_t i = index_of(dice, procedure, 1, 0);
  return make_item(dice, procedure.text, ask(form, procedure.steps[i]), procedure.steps[i - 1],
                   procedure.steps);
}

Item two_after(Dice& dice, const std::string& form) {
  const Procedure procedure = make_procedure(dice);
  const std::size_t i = index_of(dice, procedure, 0, 2);
  return make_item(dice, procedure.text, ask(form, procedure.steps[i]), procedure.steps[i + 2],
                   procedure.steps);
}

Item number_after(Dice& dice, const std::string& form) {
  const Procedure procedure = make_procedure(dice);
  const std::size_t i = index_of(dice, procedure, 0, 1);
  return make_item(dice, procedure.text, ask(form, procedure.steps[i]), numbers[i + 1], numbers);
}

const std::vector<Family> families = {
    {"procedures",
     "step_by_number",
     by_number,
     {"What is step {}?", "What is done in step {}?", "Which step has number {}?",
      "What do we do in step {}?"},
     {"Tell me step {}.", "I am at step {}. What is it?"}},
    {"procedures",
     "step_number_of",
     number_of,
     {"In which step do we {}?", "Which number has {}?", "What is the number of {}?",
      "Which step is it to {}?"},
     {"Tell me the number of {}.", "At which step do I {}?"}},
    {"procedures",
     "step_after",
     after,
     {"What comes after {}?", "What follows {}?", "Which step is next after {}?",
      "What do we do after {}?"},
     {"I did {}. What comes next?", "What is next after {}?"}},
    {"procedures",
     "step_before",
     before,
     {"What comes before {}?", "What precedes {}?", "Which step is last before {}?",
      "What do we do before {}?"},
     {"What must I do before {}?", "Which step is just before {}?"}},
    {"procedures",
     "step_two_after",
     two_after,
     {"What comes two steps after {}?", "What is the second step after {}?"},
     {}},
    {"procedures",
     "step_number_after",
     number_after,
     {"Which number has the step after {}?", "What number follows {}?"},
     {}},
};

}  // namespace

const std::vector<Family>& procedure_families() {
  return families;
}

}  // namespace crayon::train::tasks
