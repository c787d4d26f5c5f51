#include "cli/bench/other_load.h"

#include <algorithm>

#include "base/process.h"

namespace crayon::cli {
namespace {

constexpr double ticks_per_second = 100;  // USER_HZ, which Linux never changes

}  // namespace

OtherLoad::OtherLoad() : ticks_(read_cpu_ticks(SystemFiles())), own_(process_cpu_seconds()) {}

std::optional<double> OtherLoad::share() const {
  const std::optional<CpuTicks> now = read_cpu_ticks(SystemFiles());
  if (!ticks_ || !now) {
    return std::nullopt;
  }
  const auto busy = static_cast<double>(now->busy - ticks_->busy);
  const double all = busy + static_cast<double>(now->idle - ticks_->idle);
  const double own = (process_cpu_seconds() - own_) * ticks_per_second;
  return all > 0 ? std::optional(std::clamp((busy - own) / all, 0.0, 1.0)) : std::nullopt;
}

}  // namespace crayon::cli
