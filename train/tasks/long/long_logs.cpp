#include <algorithm>

#include "train/tasks/long/long_tasks.h"
#include "train/tasks/words.h"

namespace crayon::train::tasks {
namespace {

constexpr std::size_t time_pieces = 6;  // "07:34" with the space before it
constexpr int day = 24 * 60;
constexpr int first_minute = 6 * 60;

const std::vector<std::string> events = {"overheated", "stopped",     "was reset",  "lost power",
                                         "leaked",     "was opened",  "was closed", "was moved",
                                         "went cold",  "caught fire", "fell over",  "was cleaned"};

struct Log {
  std::vector<std::string> units, events, times;  ///< [events] the first one is asked for
  std::string text;
};

/// Three to nine events, fewer in a short log.
Log make_log(Dice& dice, const LongSettings& settings) {
  const std::size_t length = dice.pick(settings.lengths);
  const int most = std::clamp(static_cast<int>(length) / 30, 3, 9);
  const auto count = static_cast<std::size_t>(dice.between(3, most));
  Log log;
  log.units = dice.sample(units, count);
  log.events = dice.sample(events, count);
  std::vector<std::string> facts;
  for (std::size_t i = 0; i < count; ++i) {
    facts.push_back(log.units[i] + " " + log.events[i]);
  }
  log.text = write_log(dice, length, settings.depth, facts, log.times);
  return log;
}

template <std::vector<std::string> Log::*given, std::vector<std::string> Log::*wanted>
Item look_up(Dice& dice, const LongSettings& settings, const std::string& form) {
  const Log log = make_log(dice, settings);
  return make_item(dice, log.text, ask(form, (log.*given)[0]), (log.*wanted)[0], log.*wanted);
}

Item several(Dice& dice, const LongSettings& settings, const std::string& form) {
  const Log log = make_log(dice, settings);
  return ask_several(dice, log.text, form, log.units, log.events);
}

const std::vector<LongTask> tasks = {
    {"long-logs",
     "long_log_event",
     look_up<&Log::units, &Log::events>,
     {"What happened to {}?", "What is reported of {}?", "What does the log say of {}?",
      "What is the matter with {}?"}},
    {"long-logs",
     "long_log_unit",
     look_up<&Log::events, &Log::units>,
     {"Which unit {}?", "What {}?", "Of which unit is it said that it {}?", "Which one {}?"}},
    {"long-logs",
     "long_log_time",
     look_up<&Log::units, &Log::times>,
     {"At what time was there something about {}?", "When does the log name {}?",
      "What is the time of {}?"}},
    {"long-logs",
     "long_log_several",
     several,
     {"What happened to {}?", "What does the log say of {}?"}},
};

}  // namespace

std::string write_log(Dice& dice, std::size_t length, std::optional<double> depth,
                      const std::vector<std::string>& facts, std::vector<std::string>& times) {
  std::size_t held = 0;
  for (const std::string& fact : facts) {
    held += time_pieces + count_pieces(fact + ".");
  }
  const std::size_t routine_pieces = time_pieces + count_pieces(routine.front() + ".");
  const std::size_t fillers = length > held ? (length - held) / routine_pieces : 0;
  const Lines lines = strew(dice, facts.size(), fillers, depth);
  times.resize(facts.size());
  // A day's log, however many lines it has; a longer one goes on through the night.
  const int longest_pause =
      std::clamp((day - first_minute) / static_cast<int>(lines.size() + 1), 1, 20);
  std::string text;
  int minute = first_minute;
  for (const auto& fact : lines) {
    minute += dice.between(1, longest_pause);
    const std::string time = fmt::format("{:02}:{:02}", minute / 60 % 24, minute % 60);
    const std::string& what = fact ? facts[*fact] : dice.pick(routine);
    text += fmt::format("{}{} {}.", text.empty() ? "" : " ", time, what);
    if (fact) {
      times[*fact] = time;
    }
  }
  return text;
}

const std::vector<LongTask>& long_log_tasks() {
  return tasks;
}

}  // namespace crayon::train::tasks
