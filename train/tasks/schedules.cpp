#include <fmt/format.h>

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
  std::vector<std::size_t> day;  ///< [entries] index into days, ascending
  std::vector<std::string> job;  ///< [entries]
  std::string text;
  std::vector<std::string> day_names() const {
    std::vector<std::string> names;
    for (const std::size_t index : day) {
      names.push_back(days[index]);
    }
    return names;
  }
};

Plan make_plan(Dice& dice) {
  Plan plan;
  const auto count = static_cast<std::size_t>(dice.between(4, 5));
  std::vector<std::size_t> chosen =
      dice.sample(std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6}, count);
  for (std::size_t index = 0; index < days.size(); ++index) {
    for (const std::size_t one : chosen) {
      if (one == index) {
        plan.day.push_back(index);
      }
    }
  }
  plan.job = dice.sample(jobs, count);
  const std::vector<std::string> forms = {"{}: {}.", "On {} we {}.", "{} is the day to {}."};
  const std::string form = dice.pick(forms);
  for (std::size_t i = 0; i < count; ++i) {
    plan.text +=
        (i == 0 ? "" : " ") + fmt::format(fmt::runtime(form), days[plan.day[i]], plan.job[i]);
  }
  return plan;
}

std::size_t index_in(Dice& dice, const Plan& plan, std::size_t least, std::size_t end_offset) {
  return static_cast<std::size_t>(
      dice.between(static_cast<int>(least), static_cast<int>(plan.job.size() - 1 - end_offset)));
}

Item what(Dice& dice) {
  const Plan plan = make_plan(dice);
  const std::size_t i = index_in(dice, plan, 0, 0);
  const std::vector<std::string> forms = {"What is done on {}?", "What is planned for {}?"};
  return make_item(dice, plan.text, fmt::format(fmt::runtime(dice.pick(forms)), days[plan.day[i]]),
                   plan.job[i], plan.job);
}

Item when(Dice& dice) {
  const Plan plan = make_plan(dice);
  const std::size_t i = index_in(dice, plan, 0, 0);
  const std::vector<std::string> forms = {"When do we {}?", "On which day do we {}?"};
  return make_item(dice, plan.text, fmt::format(fmt::runtime(dice.pick(forms)), plan.job[i]),
                   days[plan.day[i]], plan.day_names());
}

Item next(Dice& dice) {
  const Plan plan = make_plan(dice);
  const std::size_t i = index_in(dice, plan, 0, 1);
  return make_item(dice, plan.text, fmt::format("What comes after {}?", plan.job[i]),
                   plan.job[i + 1], plan.job);
}

Item previous(Dice& dice) {
  const Plan plan = make_plan(dice);
  const std::size_t i = index_in(dice, plan, 1, 0);
  return make_item(dice, plan.text, fmt::format("What comes before {}?", plan.job[i]),
                   plan.job[i - 1], plan.job);
}

Item free_day(Dice& dice) {
  const Plan plan = make_plan(dice);
  std::vector<std::string> open = days;
  for (const std::size_t index : plan.day) {
    std::erase(open, days[index]);
  }
  const std::string day = dice.pick(open);
  return make_item(dice, plan.text, "On which of these days is nothing planned?", day,
                   dice.sample(plan.day_names(), 3));
}

Item earlier(Dice& dice) {
  const Plan plan = make_plan(dice);
  const std::size_t i = index_in(dice, plan, 0, 1);
  const auto j = static_cast<std::size_t>(
      dice.between(static_cast<int>(i) + 1, static_cast<int>(plan.job.size()) - 1));
  const bool yes = dice.coin();
  return make_check(
      dice, plan.text,
      fmt::format("Do we {} before we {}?", plan.job[yes ? i : j], plan.job[yes ? j : i]), yes);
}

constexpr Family families[] = {
    {"schedules", "plan_what", what},         {"schedules", "plan_when", when},
    {"schedules", "plan_next", next},         {"schedules", "plan_previous", previous},
    {"schedules", "plan_free_day", free_day}, {"schedules", "plan_earlier", earlier},
};

}  // namespace

std::span<const Family> schedule_families() {
  return families;
}

}  // namespace crayon::train::tasks
