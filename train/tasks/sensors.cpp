#include <fmt/format.h>

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

/// Four or five sensors, each with one reading; all values differ.
struct Log {
  std::vector<Reading> readings;
  std::string text;
};

Log make_log(Dice& dice) {
  Log log;
  const auto count = static_cast<std::size_t>(dice.between(4, 5));
  std::vector<int> values;
  for (int value = 10; value <= 99; ++value) {
    values.push_back(value);
  }
  values = dice.sample(values, count);
  const std::vector<std::string> sensors = dice.sample(names, count);
  const std::vector<std::string> forms = {"{} reads {}.", "sensor {}: {}.", "{} is at {}."};
  const std::string form = dice.pick(forms);
  for (std::size_t i = 0; i < count; ++i) {
    log.readings.push_back({sensors[i], values[i]});
    log.text += (i == 0 ? "" : " ") + fmt::format(fmt::runtime(form), sensors[i], values[i]);
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

std::vector<std::string> values_of(const Log& log) {
  std::vector<std::string> values;
  for (const Reading& reading : log.readings) {
    values.push_back(std::to_string(reading.value));
  }
  return values;
}

/// The readings from the lowest to the highest.
std::vector<Reading> ordered(const Log& log) {
  std::vector<Reading> readings = log.readings;
  std::sort(readings.begin(), readings.end(),
            [](const Reading& a, const Reading& b) { return a.value < b.value; });
  return readings;
}

Item read(Dice& dice) {
  const Log log = make_log(dice);
  const Reading asked = dice.pick(log.readings);
  const std::vector<std::string> forms = {"What does {} read?", "Which value has {}?",
                                          "At what is {}?"};
  return make_item(dice, log.text, fmt::format(fmt::runtime(dice.pick(forms)), asked.sensor),
                   std::to_string(asked.value), values_of(log));
}

Item highest(Dice& dice) {
  const Log log = make_log(dice);
  const std::vector<std::string> forms = {"Which sensor reads the highest value?",
                                          "Which sensor is highest?", "What is at the maximum?"};
  return make_item(dice, log.text, dice.pick(forms), ordered(log).back().sensor, sensors_of(log));
}

Item lowest(Dice& dice) {
  const Log log = make_log(dice);
  const std::vector<std::string> forms = {"Which sensor reads the lowest value?",
                                          "Which sensor is lowest?", "What is at the minimum?"};
  return make_item(dice, log.text, dice.pick(forms), ordered(log).front().sensor, sensors_of(log));
}

Item second_highest(Dice& dice) {
  const Log log = make_log(dice);
  const std::vector<Reading> readings = ordered(log);
  return make_item(dice, log.text, "Which sensor reads the second highest value?",
                   readings[readings.size() - 2].sensor, sensors_of(log));
}

Item alarm(Dice& dice) {
  const Log log = make_log(dice);
  const Reading asked = dice.pick(log.readings);
  const int distance = dice.between(3, 30);
  const int limit = dice.coin() ? asked.value + distance : std::max(5, asked.value - distance);
  const std::vector<std::string> forms = {"The limit is {}. Is {} above it?",
                                          "Alarm above {}. Does {} raise the alarm?"};
  return make_check(dice, log.text,
                    fmt::format(fmt::runtime(dice.pick(forms)), limit, asked.sensor),
                    asked.value > limit);
}

Item count_above(Dice& dice) {
  const Log log = make_log(dice);
  const int limit = dice.between(20, 90);
  const auto above = std::count_if(log.readings.begin(), log.readings.end(),
                                   [&](const Reading& r) { return r.value > limit; });
  return make_item(dice, log.text, fmt::format("How many sensors read above {}?", limit),
                   std::to_string(above), {"0", "1", "2", "3", "4", "5"});
}

Item compare(Dice& dice) {
  const Log log = make_log(dice);
  const std::vector<Reading> two = dice.sample(log.readings, 2);
  return make_item(
      dice, log.text, fmt::format("Which is higher, {} or {}?", two[0].sensor, two[1].sensor),
      two[0].value > two[1].value ? two[0].sensor : two[1].sensor, {two[0].sensor, two[1].sensor});
}

constexpr Family families[] = {
    {"sensors", "sensor_read", read},       {"sensors", "sensor_highest", highest},
    {"sensors", "sensor_lowest", lowest},   {"sensors", "sensor_second_highest", second_highest},
    {"sensors", "sensor_alarm", alarm},     {"sensors", "sensor_count_above", count_above},
    {"sensors", "sensor_compare", compare},
};

}  // namespace

std::span<const Family> sensor_families() {
  return families;
}

}  // namespace crayon::train::tasks
