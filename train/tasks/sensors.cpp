#include <algorithm>

#include "train/tasks/families.h"

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> names = {"boiler", "intake", "outlet", "tank",  "pump",    "roof",
                                        "cellar", "motor",  "valve",  "panel", "battery", "gate"};

struct Reading {
  std::string sensor;
  int value;
};

/// Four or five sensors, each with one reading.
struct Log {
  std::vector<Reading> readings;
  std::string text;
};

Log make_log(Dice& dice) {
  Log log;
  const auto count = static_cast<std::size_t>(dice.between(4, 5));
  const std::vector<int> values = spread_numbers(dice, count);
  const std::vector<std::string> sensors = dice.sample(names, count);
  const std::vector<std::string> lines = {"{} reads {}.", "sensor {}: {}.", "{} is at {}."};
  const std::string line = dice.pick(lines);
  for (std::size_t i = 0; i < count; ++i) {
    log.readings.push_back({sensors[i], values[i]});
    log.text += (i == 0 ? "" : " ") + ask(line, sensors[i], values[i]);
  }
  return log;
}

std::vector<std::string> sensors_of(const Log& log) {
  std::vector<std::string> sensors;
  for (const Reading& reading : log.readings) {
    sensors.push_back(reading.sensor);
  }
  return sensors;
}

bool is_lower(const Reading& a, const Reading& b) {
  return a.value < b.value;
}

Item read(Dice& dice, const std::string& form) {
  const Log log = make_log(dice);
  const Reading asked = dice.pick(log.readings);
  std::vector<std::string> values;
  for (const Reading& reading : log.readings) {
    values.push_back(std::to_string(reading.value));
  }
  return make_item(dice, log.text, ask(form, asked.sensor), std::to_string(asked.value), values);
}

Item highest(Dice& dice, const std::string& form) {
  const Log log = make_log(dice);
  return make_item(dice, log.text, form, std::ranges::max_element(log.readings, is_lower)->sensor,
                   sensors_of(log));
}

Item lowest(Dice& dice, const std::string& form) {
  const Log log = make_log(dice);
  return make_item(dice, log.text, form, std::ranges::min_element(log.readings, is_lower)->sensor,
                   sensors_of(log));
}

Item alarm(Dice& dice, const std::string& form) {
  const Log log = make_log(dice);
  const Reading asked = dice.pick(log.readings);
  const bool yes = dice.coin();
  return make_check(dice, log.text, ask(form, limit_beside(dice, asked.value, !yes), asked.sensor),
                    yes);
}

Item compare(Dice& dice, const std::string& form) {
  const Log log = make_log(dice);
  const std::vector<Reading> two = dice.sample(log.readings, 2);
  return make_item(dice, log.text, ask(form, two[0].sensor, two[1].sensor),
                   std::ranges::max(two, is_lower).sensor, {two[0].sensor, two[1].sensor});
}

Item check(Dice& dice, const std::string& form) {
  const Log log = make_log(dice);
  const std::vector<Reading> two = dice.sample(log.readings, 2);
  const bool yes = dice.coin();
  return make_check(dice, log.text, ask(form, two[0].sensor, two[yes ? 0 : 1].value), yes);
}

const std::vector<Family> families = {
    {"sensors",
     "sensor_read",
     read,
     {"What does {} read?", "Which value has {}?", "At what is {}?", "What is the value of {}?"},
     {"Tell me the value of {}.", "What do we read at {}?"}},
    {"sensors",
     "sensor_highest",
     highest,
     {"Which sensor reads the highest value?", "Which sensor is highest?",
      "What is at the maximum?", "Which sensor reads the most?"},
     {"Name the one with the highest value.", "Where do we read the most?"}},
    {"sensors",
     "sensor_lowest",
     lowest,
     {"Which sensor reads the lowest value?", "Which sensor is lowest?", "What is at the minimum?",
      "Which sensor reads the least?"},
     {"Name the one with the lowest value.", "Where do we read the least?"}},
    {"sensors",
     "sensor_alarm",
     alarm,
     {"The limit is {}. Is {} above it?", "Alarm above {}. Does {} raise the alarm?",
      "Does {1} read more than {0}?", "Is {1} above {0}?"},
     {"With the limit at {}, is there an alarm for {}?", "Is {1} more than the limit of {0}?"}},
    {"sensors",
     "sensor_compare",
     compare,
     {"Which is higher, {} or {}?", "Which reads more, {} or {}?"},
     {}},
    {"sensors", "sensor_check", check, {"Is {} really at {}?", "Is it true that {} reads {}?"}, {}},
};

}  // namespace

const std::vector<Family>& sensor_families() {
  return families;
}

}  // namespace crayon::train::tasks
