#include <fmt/format.h>

#include <algorithm>

#include "train/tasks/families.h"

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> units = {"unit 1", "unit 2", "unit 3", "unit 4", "unit 5",
                                        "unit 6", "unit 7", "unit 8", "unit 9"};
const std::vector<std::string> routine = {"check passed", "no change", "all quiet", "line idle",
                                          "cycle done",   "link up",   "data sent", "test skipped"};
const std::vector<std::string> events = {"overheated", "stopped", "was reset",
                                         "lost power", "leaked",  "was opened"};

struct Line {
  std::string time, unit, event;
};

/// Routine lines with some events between them, in order of time.
struct Log {
  std::vector<Line> lines;  ///< the events alone
  std::string text;
};

Log make_log(Dice& dice, std::size_t event_count) {
  Log log;
  const std::vector<std::string> chosen_units = dice.sample(units, event_count);
  const std::vector<std::string> chosen_events = dice.sample(events, event_count);
  const int quiet = dice.between(4, 10);
  std::vector<int> is_event(static_cast<std::size_t>(quiet), 0);  // 1: an event, 0: routine
  is_event.insert(is_event.end(), event_count, 1);
  dice.shuffle(is_event);
  int minutes = dice.between(6 * 60, 9 * 60);
  for (const int event : is_event) {
    minutes += dice.between(1, 20);
    const std::string time = fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
    if (event == 1) {
      const std::size_t i = log.lines.size();
      log.lines.push_back({time, chosen_units[i], chosen_events[i]});
      log.text += fmt::format("{} {} {}. ", time, chosen_units[i], chosen_events[i]);
    } else {
      log.text += fmt::format("{} {}. ", time, dice.pick(routine));
    }
  }
  log.text.pop_back();
  return log;
}

std::vector<std::string> column(const Log& log, std::string Line::*field) {
  std::vector<std::string> values;
  for (const Line& line : log.lines) {
    values.push_back(line.*field);
  }
  return values;
}

Item look_up(Dice& dice, const std::vector<std::string>& forms, std::string Line::*given,
             std::string Line::*wanted) {
  const Log log = make_log(dice, 3);
  const Line line = dice.pick(log.lines);
  return make_item(dice, log.text, fmt::format(fmt::runtime(dice.pick(forms)), line.*given),
                   line.*wanted, column(log, wanted));
}

Item when(Dice& dice) {
  return look_up(dice, {"At what time was there something about {}?", "When does the log name {}?"},
                 &Line::unit, &Line::time);
}

Item who(Dice& dice) {
  return look_up(dice, {"Which unit {}?", "What {}?"}, &Line::event, &Line::unit);
}

Item what(Dice& dice) {
  return look_up(dice, {"What happened to {}?", "What is reported of {}?"}, &Line::unit,
                 &Line::event);
}

Item last(Dice& dice) {
  const Log log = make_log(dice, 3);
  return make_item(dice, log.text, "Which unit is named last?", log.lines.back().unit,
                   column(log, &Line::unit));
}

Item first(Dice& dice) {
  const Log log = make_log(dice, 3);
  return make_item(dice, log.text, "Which unit is named first?", log.lines.front().unit,
                   column(log, &Line::unit));
}

Item happened(Dice& dice) {
  const Log log = make_log(dice, 2);
  const bool yes = dice.coin();
  const Line& line = dice.pick(log.lines);
  std::string unit = line.unit;
  while (!yes && unit == line.unit) {
    unit = dice.pick(units);
  }
  return make_check(dice, log.text, fmt::format("Is it true that {} {}?", unit, line.event), yes);
}

constexpr Family families[] = {
    {"logs", "log_time", when}, {"logs", "log_unit", who},    {"logs", "log_event", what},
    {"logs", "log_last", last}, {"logs", "log_first", first}, {"logs", "log_check", happened},
};

}  // namespace

std::span<const Family> log_families() {
  return families;
}

}  // namespace crayon::train::tasks
