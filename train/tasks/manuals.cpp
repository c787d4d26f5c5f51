#include <fmt/format.h>

#include "train/tasks/families.h"

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> meanings = {
    "no water",    "low pressure", "door open",   "filter blocked", "motor hot",   "fan stopped",
    "sensor lost", "battery low",  "valve stuck", "line broken",    "lamp failed", "tank full"};
const std::vector<std::string> actions = {"refill the tank",  "clean the filter", "close the door",
                                          "wait ten minutes", "press reset",      "change the fuse",
                                          "call the service", "open the valve",   "check the cable",
                                          "charge it",        "turn the switch",  "oil the shaft"};

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
  const std::vector<std::string> what = dice.sample(meanings, count);
  const std::vector<std::string> todo = dice.sample(actions, count);
  const std::vector<std::string> forms = {"Code {} means {}: {}.", "{}: {}, {}.",
                                          "If {} is shown: {}, so {}."};
  const std::string form = dice.pick(forms);
  for (std::size_t i = 0; i < count; ++i) {
    manual.entries.push_back({codes[i], what[i], todo[i]});
    manual.text +=
        (i == 0 ? "" : " ") + fmt::format(fmt::runtime(form), codes[i], what[i], todo[i]);
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
Item look_up(Dice& dice, const std::vector<std::string>& forms, std::string Entry::*given,
             std::string Entry::*wanted) {
  const Manual manual = make_manual(dice);
  const Entry entry = dice.pick(manual.entries);
  return make_item(dice, manual.text, fmt::format(fmt::runtime(dice.pick(forms)), entry.*given),
                   entry.*wanted, column(manual, wanted));
}

Item meaning(Dice& dice) {
  return look_up(dice, {"What does {} mean?", "The display shows {}. What is wrong?"}, &Entry::code,
                 &Entry::meaning);
}

Item code(Dice& dice) {
  return look_up(dice, {"Which code means {}?", "Which code is shown for {}?"}, &Entry::meaning,
                 &Entry::code);
}

Item action(Dice& dice) {
  return look_up(dice, {"The display shows {}. What must be done?", "What to do after {}?"},
                 &Entry::code, &Entry::action);
}

Item action_for_fault(Dice& dice) {
  return look_up(dice, {"What must be done about {}?", "What to do when there is {}?"},
                 &Entry::meaning, &Entry::action);
}

Item is_listed(Dice& dice) {
  const Manual manual = make_manual(dice);
  const bool yes = dice.coin();
  std::vector<std::string> others;
  for (const std::string& candidate : meanings) {
    bool listed = false;
    for (const Entry& entry : manual.entries) {
      listed = listed || entry.meaning == candidate;
    }
    if (!listed) {
      others.push_back(candidate);
    }
  }
  const std::string asked = yes ? dice.pick(manual.entries).meaning : dice.pick(others);
  return make_check(dice, manual.text, fmt::format("Is there a code for {}?", asked), yes);
}

constexpr Family families[] = {
    {"manuals", "code_meaning", meaning},   {"manuals", "code_of_fault", code},
    {"manuals", "code_action", action},     {"manuals", "fault_action", action_for_fault},
    {"manuals", "fault_listed", is_listed},
};

}  // namespace

std::span<const Family> manual_families() {
  return families;
}

}  // namespace crayon::train::tasks
