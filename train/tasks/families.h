#pragma once

#include <span>
#include <string_view>

#include "train/tasks/item.h"

namespace crayon::train::tasks {

/// A kind of question. Families of one theme share their context's words and differ in the rule
/// that answers the question: what an adapter has to teach.
struct Family {
  std::string_view theme;
  std::string_view name;
  Item (*make)(Dice& dice);
};

// One function a theme, each in a file of its own.
std::span<const Family> sensor_families();     ///< a log of readings
std::span<const Family> manual_families();     ///< error codes, meanings, actions
std::span<const Family> part_families();       ///< boxes, parts, numbers in stock
std::span<const Family> schedule_families();   ///< what is done on which day
std::span<const Family> tracking_families();   ///< people and things that move
std::span<const Family> procedure_families();  ///< numbered steps
std::span<const Family> wiring_families();     ///< wires between terminals
std::span<const Family> log_families();        ///< long logs with one relevant line

// The theme "skills": reading without a rule. A base model may learn these, and nothing above.
std::span<const Family> reading_skills();  ///< finding and copying words of any theme's context
std::span<const Family> list_skills();     ///< looking up and copying in lists of made-up words

/// The families with a rule, theme by theme.
std::vector<Family> rule_families();

/// Those and the skills.
std::vector<Family> all_families();

/// The dice of one family: families of the same seed are independent of each other.
Dice dice_of(const Family& family, std::uint64_t seed);

}  // namespace crayon::train::tasks
