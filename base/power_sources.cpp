#include "base/power_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/machine.h"

namespace crayon {
namespace {

constexpr double micro = 1e-6;
constexpr double most_watts = 10'000;  // of anything that is read here; more is a broken sensor

/// Keeps a source that can be read now.
void add_if_readable(const SystemFiles& files, PowerSource source,
                     std::vector<PowerSource>& sources) {
  if (source.read(files)) {
    sources.push_back(std::move(source));
  }
}

std::string name_of(const SystemFiles& files, const std::string& path,
                    const std::string& otherwise) {
  const std::string text = files.text(path).value_or("");
  return printable(text.empty() ? otherwise : text);
}

/// One chip of /sys/class/hwmon.
struct Chip {
  std::string folder;  ///< with the / at its end
  std::string name;

  /// INA219, INA226, INA260, INA3221 and so on: they stand in supply rails.
  bool is_rail_monitor() const { return name.starts_with("ina"); }
};

std::vector<Chip> chips_of(const SystemFiles& files) {
  std::vector<Chip> chips;
  for (const std::string& entry : files.names("sys/class/hwmon")) {
    const std::string folder = "sys/class/hwmon/" + entry + "/";
    chips.push_back({folder, name_of(files, folder + "name", entry)});
  }
  return chips;
}

/// The rails that a chip measures: where it has no powers, currents by voltages.
std::vector<PowerSource> rails_of(const SystemFiles& files, const Chip& chip) {
  constexpr int most_channels = 3;  // an INA3221's; its further currents are sums of these
  std::vector<PowerSource> rails;
  for (int channel = 1; channel <= most_channels; ++channel) {
    const auto file = [&](const char* kind, const char* what) {
      return fmt::format("{}{}{}_{}", chip.folder, kind, channel, what);
    };
    const std::string fallback = fmt::format("{} channel {}", chip.name, channel);
    const std::string name =
        name_of(files, file("in", "label"), name_of(files, file("power", "label"), fallback));
    const std::size_t before = rails.size();
    add_if_readable(files, {name, {file("power", "input")}, micro}, rails);
    if (rails.size() == before) {  // milliamperes and millivolts
      add_if_readable(files, {name, {file("curr", "input"), file("in", "input")}, micro}, rails);
    }
  }
  return rails;
}

PowerSources all_rails(const SystemFiles& files) {
  PowerSources all{"supply rails", {}};
  for (const Chip& chip : chips_of(files)) {
    if (chip.is_rail_monitor()) {
      const std::vector<PowerSource> rails = rails_of(files, chip);
      all.sources.insert(all.sources.end(), rails.begin(), rails.end());
    }
  }
  return all;
}

/// Of Jetson boards: the rail that all others hang on.
PowerSources board_input(const SystemFiles& files) {
  constexpr std::array names = {"VDD_IN", "POM_5V_IN"};
  for (const PowerSource& rail : all_rails(files).sources) {
    if (std::ranges::find(names, rail.name) != names.end()) {
      return {"the board's input", {rail}};
    }
  }
  return {};
}

/// Intel's and AMD's counters. "psys" takes in the platform; the zones inside of packages are
/// parts of them.
PowerSources processor_counters(const SystemFiles& files) {
  PowerSources packages{"the processor", {}};
  for (const std::string& zone : files.names("sys/class/powercap")) {
    const std::string folder = "sys/class/powercap/" + zone + "/";
    if (!zone.starts_with("intel-rapl:") || std::ranges::count(zone, ':') != 1) {
      continue;
    }
    std::vector<PowerSource> found;
    add_if_readable(files,
                    {name_of(files, folder + "name", zone),
                     {folder + "energy_uj"},
                     micro,
                     true,
                     files.number(folder + "max_energy_range_uj").value_or(0)},
                    found);
    if (!found.empty() && found.front().name == "psys") {
      return {"the platform", found};
    }
    packages.sources.insert(packages.sources.end(), found.begin(), found.end());
  }
  return packages;
}

/// The first chip that counts energy. amd_energy counts every core and, again, their sockets.
PowerSources chip_counters(const SystemFiles& files) {
  for (const Chip& chip : chips_of(files)) {
    PowerSources counters{chip.name, {}};
    for (const std::string& entry : files.names(chip.folder)) {
      if (!entry.starts_with("energy") || !entry.ends_with("_input")) {
        continue;
      }
      const std::string label = entry.substr(0, entry.size() - 5) + "label";
      const std::string name = name_of(files, chip.folder + label, entry);
      if (!name.starts_with("Ecore")) {
        add_if_readable(files, {name, {chip.folder + entry}, micro, true}, counters.sources);
      }
    }
    if (!counters.sources.empty()) {
      return counters;
    }
  }
  return {};
}

PowerSources batteries(const SystemFiles& files) {
  PowerSources all{"the battery", {}};
  for (const std::string& entry : files.names("sys/class/power_supply")) {
    const std::string folder = "sys/class/power_supply/" + entry + "/";
    if (files.text(folder + "type") != "Battery" ||
        files.text(folder + "status") != "Discharging") {
      continue;  // what charges it is not what the machine uses
    }
    const std::size_t before = all.sources.size();
    add_if_readable(files, {printable(entry), {folder + "power_now"}, micro}, all.sources);
    if (all.sources.size() == before) {
      add_if_readable(
          files,
          {printable(entry), {folder + "current_now", folder + "voltage_now"}, micro * micro},
          all.sources);
    }
  }
  return all;
}

}  // namespace

std::optional<double> PowerSource::read(const SystemFiles& files) const {
  double value = scale;
  for (const std::string& path : paths) {
    const std::optional<std::int64_t> number = files.signed_number(path);
    if (!number) {
      return std::nullopt;
    }
    value *= static_cast<double>(*number);
  }
  value = std::abs(value);  // some drivers count what leaves a battery below 0
  return counts || value <= most_watts ? std::optional(value) : std::nullopt;
}

std::string PowerSources::text() const {
  std::string names;
  for (const PowerSource& source : sources) {
    names += (names.empty() ? "" : " + ") + source.name;
  }
  return fmt::format("{} ({})", names, what);
}

PowerSources find_power_sources(const SystemFiles& files) {
  for (const auto find : {board_input, processor_counters, all_rails, chip_counters, batteries}) {
    PowerSources found = find(files);
    if (!found.sources.empty()) {
      return found;
    }
  }
  return {};
}

}  // namespace crayon
