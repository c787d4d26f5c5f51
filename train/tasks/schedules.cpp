#include <algorithm>

#include "train/tasks/families.h"

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> days = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
const std::vector<std::string> jobs = {"clean the filter", "test the alarm",   "empty the bin",
                                       "oil the gate",     "read the meter",   "water the plants",
                                       "check the pump",   "wash the floor",   "sort the parts",
                                       "charge the cart",  "change the sieve", "call the depot"};

/// Jobs on different days, in the order of the week.
struct Plan {
  std::vector<std::string> day;  ///< [entries]
  std::vector<std::string> job;  ///< [entries]
  std::string text;
};

Plan make_plan(Dice& dice) {
  Plan plan;
  const auto count = static_cast<std::size_t>(dice.between(4, 5));
  const std::vector<std::string> chosen = dice.sample(days, count);
  std::ranges::copy_if(days, std::back_inserter(plan.day), [&](const std::string& day) {
    return std::ranges::find(chosen, day) != chosen.end();
  });
  plan.job = dice.sample(jobs, count);
  const std::vector<std::string> lines = {"{}: {}.", "On {} we {}.", "{} is the day to {}."};
  const std::string line = dice.pick(lines);
  for (std::size_t i = 0; i < count; ++i) {
    plan.text += (i == 0 ? "" : " ") + ask(line, plan.day[i], plan.job[i]);
  }
  return plan;
}

/// The index of an entry that has `before` others before it and `after` behind it.
std::size_t entry_of(Dice& dice, const Plan& plan, std::size_t before, std::size_t after) {
  return static_cast<std::size_t>(
      dice.between(static_cast<int>(before), static_cast<int>(plan.job.size() - 1 - after)));
}

Item what(Dice& dice, const std::string& form) {
  const Plan plan = make_plan(dice);
  const std::size_t i = entry_of(dice, plan, 0, 0);
  return make_item(dice, plan.text, ask(form, plan.day[i]), plan.job[i], plan.job);
}

Item when(Dice& dice, const std::string& form) {
  const Plan plan = make_plan(dice);
  const std::size_t i = entry_of(dice, plan, 0, 0);
  return make_item(dice, plan.text, ask(form, plan.job[i]), plan.day[i], plan.day);
}

Item next(Dice& dice, const std::string& form) {
  const Plan plan = make_plan(dice);
  const std::size_t i = entry_of(dice, plan, 0, 1);
  return make_item(dice, plan.text, ask(form, plan.job[i]), plan.job[i + 1], plan.job);
}

Item previous(Dice& dice, const std::string& form) {
  const Plan plan = make_plan(dice);
  const std::size_t i = entry_of(dice, plan, 1, 0);
  return make_item(dice, plan.text, ask(form, plan.job[i]), plan.job[i - 1], plan.job);
}

/// The one of three days on which there is no job.
Item free_day(Dice& dice, const std::string& form) {
  const Plan plan = make_plan(dice);
  std::vector<std::string> three = dice.sample(plan.day, 2);
  std::string open = dice.pick(days);
  while (std::ranges::find(plan.day, open) != plan.day.end()) {
    open = dice.pick(days);
  }
  three.push_back(open);
  dice.shuffle(three);
  return make_item(dice, plan.text, ask(form, three[0], three[1], three[2]), open, three);
}

/// The day of the job behind a given one.
Item next_day(Dice& dice, const std::string& form) {
  const Plan plan = make_plan(dice);
  const std::size_t i = entry_of(dice, plan, 0, 1);
  return make_item(dice, plan.text, ask(form, plan.job[i]), plan.day[i + 1], plan.day);
}

Item check(Dice& dice, const std::string& form) {
  const Plan plan = make_plan(dice);
  const std::size_t i = entry_of(dice, plan, 0, 1);
  const bool yes = dice.coin();
  return make_check(dice, plan.text, ask(form, plan.job[i], plan.day[yes ? i : i + 1]), yes);
}

const std::vector<Family> families = {
    {"schedules",
     "plan_what",
     what,
     {"What is done on {}?", "What is planned for {}?", "Which job is due on {}?",
      "What do we do on {}?"},
     {"It is {}. Which job is due?", "Tell me what is planned on {}."}},
    {"schedules",
     "plan_when",
     when,
     {"When do we {}?", "On which day do we {}?", "Which day is there to {}?",
      "When is it planned to {}?"},
     {"Tell me the day on which we {}.", "When is the day to {}?"}},
    {"schedules",
     "plan_next",
     next,
     {"What comes after {}?", "Which job follows {}?", "What is done next after {}?",
      "What do we do after {}?"},
     {"Which job is next after {}?"}},
    {"schedules",
     "plan_previous",
     previous,
     {"What comes before {}?", "Which job precedes {}?", "What is done last before {}?",
      "What do we do before {}?"},
     {"Which job is just before {}?"}},
    {"schedules",
     "plan_free_day",
     free_day,
     {"On which day is nothing planned: {}, {} or {}?", "Which day is free: {}, {} or {}?",
      "When do we do nothing: {}, {} or {}?"},
     {"On which of {}, {} and {} is nothing due?"}},
    {"schedules",
     "plan_next_day",
     next_day,
     {"On which day is the job after {}?", "When is the next job after {}?"},
     {}},
    {"schedules", "plan_check", check, {"Do we {} on {}?", "Is it planned to {} on {}?"}, {}},
};

}  // namespace

const std::vector<Family>& schedule_families() {
  return families;
}

}  // namespace crayon::train::tasks
