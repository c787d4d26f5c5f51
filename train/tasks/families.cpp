#include "train/tasks/families.h"

namespace crayon::train::tasks {

std::vector<Family> all_families() {
  std::vector<Family> all;
  for (const std::span<const Family> theme :
       {sensor_families(), manual_families(), part_families(), schedule_families(),
        tracking_families(), procedure_families(), wiring_families(), log_families()}) {
    all.insert(all.end(), theme.begin(), theme.end());
  }
  return all;
}

}  // namespace crayon::train::tasks
