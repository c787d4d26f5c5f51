#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/power_sources.h"

namespace crayon {

/// Energy that a machine takes, from readings now and then of what find_power_sources() finds.
/// Counters are subtracted, power is multiplied by the time between two readings.
class EnergyMeter {
 public:
  explicit EnergyMeter(SystemFiles files = SystemFiles());

  /// What is read, "package-0 (the processor)"; nothing where there is nothing to read.
  std::optional<std::string> source() const;

  /// Takes a reading at `seconds` on a clock that never goes back. A reading that fails, and a
  /// counter of unknown range that went back, leave out the time since the last good one.
  void read(double seconds);

  /// Mean power between the last two readings.
  std::optional<double> watts() const { return watts_; }
  /// Mean power over all the time that is known; nothing before the second reading.
  std::optional<double> mean_watts() const;

 private:
  using Values = std::vector<double>;  ///< [sources] watts or joules

  std::optional<Values> values() const;
  /// Joules of one source between two readings.
  std::optional<double> joules_of(std::size_t source, double before, double now,
                                  double seconds) const;

  SystemFiles files_;
  PowerSources sources_;
  std::optional<Values> last_;
  double last_seconds_ = 0;
  std::optional<double> watts_;
  double joules_ = 0;
  double known_seconds_ = 0;
};

}  // namespace crayon
