#include "train/tasks/families.h"

namespace crayon::train::tasks {

const std::vector<Family>& rule_families() {
  static const std::vector<Family> all = [] {
    std::vector<Family> families;
    for (const std::vector<Family>& theme :
         {sensor_families(), manual_families(), part_families(), schedule_families(),
          tracking_families(), procedure_families(), wiring_families(), log_families()}) {
      families.insert(families.end(), theme.begin(), theme.end());
    }
    return families;
  }();
  return all;
}

Dice dice_of(std::string_view name, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a (Fowler, Noll, Vo 1991) of the name
  for (const char c : name) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  }
  return Dice(hash ^ seed);
}

}  // namespace crayon::train::tasks
