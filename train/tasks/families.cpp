#include "train/tasks/families.h"

namespace crayon::train::tasks {

std::vector<Family> rule_families() {
  std::vector<Family> all;
  for (const std::span<const Family> theme :
       {sensor_families(), manual_families(), part_families(), schedule_families(),
        tracking_families(), procedure_families(), wiring_families(), log_families()}) {
    all.insert(all.end(), theme.begin(), theme.end());
  }
  return all;
}

std::vector<Family> all_families() {
  std::vector<Family> all = rule_families();
  for (const std::span<const Family> skills : {reading_skills(), list_skills()}) {
    all.insert(all.end(), skills.begin(), skills.end());
  }
  return all;
}

Dice dice_of(const Family& family, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a (Fowler, Noll, Vo 1991) of the name
  for (const char c : family.name) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  }
  return Dice(hash ^ seed);
}

}  // namespace crayon::train::tasks
