#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/system_files.h"

namespace crayon {

/// One thing that measures electric power, or counts energy.
struct PowerSource {
  std::string name;                ///< "VDD_IN", "package-0"
  std::vector<std::string> paths;  ///< files whose product it is: one, or current and voltage
  double scale = 0;                ///< that makes watts of the product, or joules where it counts
  bool counts = false;             ///< energy since some time, in one file
  std::uint64_t range = 0;         ///< of a counter: the value it wraps around at; 0: not known

  /// Watts, or joules so far; nothing where the files say nothing, or nothing possible.
  std::optional<double> read(const SystemFiles& files) const;
};

/// Sources that add up to something.
struct PowerSources {
  std::string what;  ///< "the board's input", "the processor", ...: what the sum is of
  std::vector<PowerSource> sources;
  /// "VDD_IN (the board's input)"
  std::string text() const;
};

/// What this machine can say about its power, of several possibilities the one that takes in most:
/// a sensor at the board's input (hwmon), the platform's or the processor's counters (RAPL), all
/// rails that have sensors (INA2xx, INA3221), counters of other hwmon drivers, a battery that
/// feeds the machine. No sources where nothing can be read, as on a Raspberry Pi, or without the
/// rights to.
PowerSources find_power_sources(const SystemFiles& files);

}  // namespace crayon
