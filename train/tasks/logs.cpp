#include <algorithm>

#include "train/tasks/families.h"
#include "train/tasks/words.h"

namespace crayon::train::tasks {
namespace {

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

template <std::string Line::*given, std::string Line::*wanted>
Item look_up(Dice& dice, const std::string& form) {
  const Log log = make_log(dice, 3);
  const Line line = dice.pick(log.lines);
  return make_item(dice, log.text, ask(form, line.*given), line.*wanted, column(log, wanted));
}

template <std::string Line::*wanted>
Item first(Dice& dice, const std::string& form) {
  const Log log = make_log(dice, 3);
  return make_item(dice, log.text, form, log.lines.front().*wanted, column(log, wanted));
}

template <std::string Line::*wanted>
Item last(Dice& dice, const std::string& form) {
  const Log log = make_log(dice, 3);
  return make_item(dice, log.text, form, log.lines.back().*wanted, column(log, wanted));
}

Item happened(Dice& dice, const std::string& form) {
  const Log log = make_log(dice, 3);
  const bool yes = dice.coin();
  const std::vector<Line> two = dice.sample(log.lines, 2);
  return make_check(dice, log.text, ask(form, two[0].unit, two[yes ? 0 : 1].event), yes);
}

const std::vector<Family> families = {
    {"logs",
     "log_time",
     look_up<&Line::unit, &Line::time>,
     {"At what time was there something about {}?", "When does the log name {}?",
      "What is the time of {}?"},
     {"Tell me the time of {}."}},
    {"logs",
     "log_unit",
     look_up<&Line::event, &Line::unit>,
     {"Which unit {}?", "What {}?", "Of which unit is it said that it {}?", "Which one {}?"},
     {"Tell me which unit {}.", "Name the unit that {}."}},
    {"logs",
     "log_event",
     look_up<&Line::unit, &Line::event>,
     {"What happened to {}?", "What is reported of {}?", "What does the log say of {}?",
      "What is the matter with {}?"},
     {"I go to {}. What happened?", "Tell me what is reported of {}."}},
    {"logs",
     "log_last",
     last<&Line::unit>,
     {"Which unit is named last?", "What is the last unit in the log?",
      "Of which unit does the log speak last?"},
     {"Tell me the last unit."}},
    {"logs",
     "log_first",
     first<&Line::unit>,
     {"Which unit is named first?", "What is the first unit in the log?",
      "Of which unit does the log speak first?"},
     {"Tell me the first unit."}},
    {"logs", "log_check", happened, {"Is it true that {} {}?", "Does the log say that {} {}?"}, {}},
};

}  // namespace

const std::vector<Family>& log_families() {
  return families;
}

}  // namespace crayon::train::tasks
