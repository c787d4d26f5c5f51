#include "train/tasks/sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"

namespace crayon::train::tasks {
namespace {

/// No pool is trained on these. Each needs two rules of base families together, or the comparison
/// of one theme in the words of another.
const std::set<std::string> held_out = {
    "sensor_compare",     // read two sensors, then the higher one
    "sensor_check",       // read a sensor, then the same or not
    "fault_action",       // from the meaning, not from the code
    "action_code",        // look up against the direction of reading
    "part_enough",        // the count of a part, then the alarm's comparison
    "part_most",          // the highest, of parts
    "plan_next_day",      // the next job, then its day
    "plan_check",         // the day of a job, then the same or not
    "where_thing",        // who has it, then where they are
    "who_is_in",          // where each one is, then the other way about
    "step_two_after",     // the step after the step after
    "step_number_after",  // the next step, then its number
    "wire_other_end",     // the wire of a terminal, then where it begins
    "wire_colour_from",   // the wire, from its other end
    "log_check",          // what happened to a unit, then the same or not
};

struct Custom {
  std::string kind;
  std::string name;
  std::vector<std::string> families;
};

const std::vector<Custom> customs = {
    // Base families of several themes, in a user's words too.
    {"mixture", "shift_handover", {"sensor_alarm", "who_has", "step_after"}},
    {"mixture", "repair_call", {"code_action", "part_box", "wire_end"}},
    {"mixture", "night_watch", {"log_event", "sensor_highest", "plan_what"}},
    // Held-out families.
    {"variant", "levels", {"part_enough", "part_most", "sensor_compare"}},
    {"variant", "fault_desk", {"fault_action", "action_code"}},
    {"variant", "find_things", {"where_thing", "who_is_in"}},
    {"variant", "wire_tracing", {"wire_other_end", "wire_colour_from"}},
    {"variant", "look_ahead", {"step_two_after", "step_number_after", "plan_next_day"}},
    {"variant", "truth_check", {"log_check", "plan_check", "sensor_check"}},
    // Base families of one theme, in a user's words too: the theme does not tell which rule.
    {"one-theme", "sensor_panel", {"sensor_read", "sensor_highest", "sensor_lowest"}},
    {"one-theme", "crew_whereabouts", {"where_person", "where_first", "who_had_first"}},
    {"one-theme", "step_guide", {"step_before", "step_by_number", "step_number_of"}},
};

const Family* family_named(std::string_view name) {
  return &*std::ranges::find(rule_families(), name, &Family::name);
}

void add_families(std::vector<Task>& tasks, const std::string& set,
                  const std::vector<Family>& families) {
  for (const Family& family : families) {
    tasks.push_back({set, family.theme, family.name, {{&family}}});
  }
}

void add_rules(std::vector<Task>& tasks, bool wants_held_out) {
  for (const Family& family : rule_families()) {
    if (held_out.contains(family.name) == wants_held_out) {
      tasks.push_back(
          {wants_held_out ? "held-out" : "base", family.theme, family.name, {{&family}}});
    }
  }
}

void add_customs(std::vector<Task>& tasks) {
  for (const Custom& custom : customs) {
    Task task{"custom", custom.kind, custom.name, {}};
    for (const std::string& family : custom.families) {
      task.parts.push_back({family_named(family), true});
    }
    tasks.push_back(std::move(task));
  }
}

}  // namespace

Set set_named(std::string_view name) {
  const std::vector<std::string_view> names = {"skills", "base", "custom", "held-out", "all"};
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    throw Error(Code::bad_argument, fmt::format("there is no task set {}", name),
                "the sets are skills, base, custom, held-out, all and long");
  }
  return static_cast<Set>(found - names.begin());
}

std::vector<Task> tasks_of(Set set) {
  std::vector<Task> tasks;
  if (set == Set::skills || set == Set::all) {
    add_families(tasks, "skills", reading_skills());
    add_families(tasks, "skills", list_skills());
  }
  if (set == Set::base || set == Set::all) {
    add_rules(tasks, false);
  }
  if (set == Set::custom || set == Set::all) {
    add_customs(tasks);
  }
  if (set == Set::held_out || set == Set::all) {
    add_rules(tasks, true);
  }
  return tasks;
}

Drawn draw(const Task& task, Dice& dice) {
  const Part& part = dice.pick(task.parts);
  return {part.as_user ? part.family->make_for_user(dice) : part.family->make(dice),
          part.family->name};
}

}  // namespace crayon::train::tasks
