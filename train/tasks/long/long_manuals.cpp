#include <algorithm>

#include "train/tasks/long/long_tasks.h"
#include "train/tasks/words.h"

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> parts = {
    "filter", "valve", "tank",  "fan",   "motor", "cable", "lamp", "sensor", "shaft",  "fuse",
    "switch", "lid",   "panel", "cover", "hose",  "screw", "door", "spring", "battery"};
const std::vector<std::string> advices = {"Keep the {0} clean.",
                                          "Check the {0} every {2}.",
                                          "The {0} is behind the {1}.",
                                          "The {0} is under the {1}.",
                                          "Never open the {0} near the {1}.",
                                          "Turn the {0} to the left.",
                                          "Hold the {0} with one hand.",
                                          "Wait until the {0} is cold.",
                                          "Do not lift the {0} by the {1}.",
                                          "Write down when the {0} was new.",
                                          "Every {2} the {0} is cleaned.",
                                          "Use no water for the {0}.",
                                          "First take off the {0}, then the {1}.",
                                          "The {0} and the {1} are old parts."};
const std::vector<std::string> periods = {"day", "week", "month", "morning", "evening"};

struct Manual {
  std::vector<std::string> codes, meanings, actions;  ///< [codes] the first one is asked for
  std::string text;
};

/// Three to eight codes, fewer in a short manual. All begin with the same digit, which ends none of
/// them, so that one digit tells which is meant.
Manual make_manual(Dice& dice, const LongSettings& settings) {
  const std::size_t length = dice.pick(settings.lengths);
  const int most = std::clamp(static_cast<int>(length) / 35, 3, 8);
  const auto count = static_cast<std::size_t>(dice.between(3, most));
  Manual manual;
  const int first = dice.between(1, 9);
  std::vector<int> ends = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::erase(ends, first);
  for (const int last : dice.sample(ends, count)) {
    manual.codes.push_back(fmt::format("E{}{}", first, last));
  }
  manual.meanings = dice.sample(faults, count);
  manual.actions = dice.sample(remedies, count);
  const std::vector<std::string> lines = {"Code {} means {}: {}.", "{}: {}, {}.",
                                          "If {} is shown: {}, so {}."};
  const std::string line = dice.pick(lines);
  std::vector<std::string> facts;
  for (std::size_t i = 0; i < count; ++i) {
    facts.push_back(ask(line, manual.codes[i], manual.meanings[i], manual.actions[i]));
  }
  manual.text = strew_sentences(dice, length, settings.depth, facts, [&] { return advice(dice); });
  return manual;
}

template <std::vector<std::string> Manual::*given, std::vector<std::string> Manual::*wanted>
Item look_up(Dice& dice, const LongSettings& settings, const std::string& form) {
  const Manual manual = make_manual(dice, settings);
  return make_item(dice, manual.text, ask(form, (manual.*given)[0]), (manual.*wanted)[0],
                   manual.*wanted);
}

Item several(Dice& dice, const LongSettings& settings, const std::string& form) {
  const Manual manual = make_manual(dice, settings);
  return ask_several(dice, manual.text, form, manual.codes, manual.actions);
}

const std::vector<LongTask> tasks = {
    {"long-manuals",
     "long_code_meaning",
     look_up<&Manual::codes, &Manual::meanings>,
     {"What does {} mean?", "The display shows {}. What is wrong?", "What is the fault at {}?",
      "What is wrong at {}?"}},
    {"long-manuals",
     "long_code_action",
     look_up<&Manual::codes, &Manual::actions>,
     {"The display shows {}. What must be done?", "What to do after {}?",
      "What must be done at {}?", "What helps against {}?"}},
    {"long-manuals",
     "long_code_several",
     several,
     {"The display shows {}. What must be done?", "What must be done at {}?"}},
};

}  // namespace

std::string advice(Dice& dice) {
  const std::string& form = dice.pick(advices);
  const std::vector<std::string> two = dice.sample(parts, 2);
  const std::string& period = dice.pick(periods);
  return ask(form, two[0], two[1], period);
}

const std::vector<LongTask>& long_manual_tasks() {
  return tasks;
}

}  // namespace crayon::train::tasks
