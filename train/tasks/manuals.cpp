#include <algorithm>

#include "train/tasks/families.h"
#include "train/tasks/words.h"

namespace crayon::train::tasks {
namespace {

struct Entry {
  std::string code, meaning, action;
};

struct Manual {
  std::vector<Entry> entries;
  std::string text;
};

Manual make_manual(Dice& dice) {
  Manual manual;
  const auto count = static_cast<std::size_t>(dice.between(3, 4));
  std::vector<std::string> codes;
  for (int number = 1; number <= 60; ++number) {
    codes.push_back(fmt::format("E{}", number));
  }
  codes = dice.sample(codes, count);
  const std::vector<std::string> what = dice.sample(faults, count);
  const std::vector<std::string> todo = dice.sample(remedies, count);
  const std::vector<std::string> lines = {"Code {} means {}: {}.", "{}: {}, {}.",
                                          "If {} is shown: {}, so {}."};
  const std::string line = dice.pick(lines);
  for (std::size_t i = 0; i < count; ++i) {
    manual.entries.push_back({codes[i], what[i], todo[i]});
    manual.text += (i == 0 ? "" : " ") + ask(line, codes[i], what[i], todo[i]);
  }
  return manual;
}

/// One field of every entry.
std::vector<std::string> column(const Manual& manual, std::string Entry::*field) {
  std::vector<std::string> values;
  for (const Entry& entry : manual.entries) {
    values.push_back(entry.*field);
  }
  return values;
}

/// Asks for one field of an entry that another field names.
template <std::string Entry::*given, std::string Entry::*wanted>
Item look_up(Dice& dice, const std::string& form) {
  const Manual manual = make_manual(dice);
  const Entry entry = dice.pick(manual.entries);
  return make_item(dice, manual.text, ask(form, entry.*given), entry.*wanted,
                   column(manual, wanted));
}

Item is_listed(Dice& dice, const std::string& form) {
  const Manual manual = make_manual(dice);
  const bool yes = dice.coin();
  const std::vector<std::string> listed = column(manual, &Entry::meaning);
  std::string asked = dice.pick(listed);
  while (!yes && std::ranges::find(listed, asked) != listed.end()) {
    asked = dice.pick(faults);
  }
  return make_check(dice, manual.text, ask(form, asked), yes);
}

const std::vector<Family> families = {
    {"manuals",
     "code_meaning",
     look_up<&Entry::code, &Entry::meaning>,
     {"What does {} mean?", "The display shows {}. What is wrong?", "What is the fault at {}?",
      "What is wrong at {}?"},
     {"It shows {}. What does that mean?", "Which fault is {}?"}},
    {"manuals",
     "code_of_fault",
     look_up<&Entry::meaning, &Entry::code>,
     {"Which code means {}?", "Which code is shown for {}?", "What is the code of {}?",
      "What does the display show for {}?"},
     {"We have {}. Which code is shown?", "Give me the code of {}."}},
    {"manuals",
     "code_action",
     look_up<&Entry::code, &Entry::action>,
     {"The display shows {}. What must be done?", "What to do after {}?",
      "What must be done at {}?", "What helps against {}?"},
     {"It shows {}. What to do?", "What must I do at {}?"}},
    {"manuals",
     "fault_listed",
     is_listed,
     {"Is there a code for {}?", "Does the manual list {}?", "Has {} a code?"},
     {"Can I find a code for {}?"}},
    {"manuals",
     "fault_action",
     look_up<&Entry::meaning, &Entry::action>,
     {"What must be done about {}?", "What to do when there is {}?",
      "There is {}. What helps against it?"},
     {}},
    {"manuals",
     "action_code",
     look_up<&Entry::action, &Entry::code>,
     {"At which code must we {}?", "Which code asks us to {}?", "When told to {}, what is shown?"},
     {}},
};

}  // namespace

const std::vector<Family>& manual_families() {
  return families;
}

}  // namespace crayon::train::tasks
