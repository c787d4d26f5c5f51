#include "base/energy_meter.h"

#include <utility>

namespace crayon {

EnergyMeter::EnergyMeter(SystemFiles files)
    : files_(std::move(files)), sources_(find_power_sources(files_)) {}

std::optional<std::string> EnergyMeter::source() const {
  return sources_.sources.empty() ? std::nullopt : std::optional(sources_.text());
}

void EnergyMeter::read(double seconds) {
  const std::optional<Values> before = std::exchange(last_, values());
  const double passed = seconds - std::exchange(last_seconds_, seconds);
  watts_.reset();
  if (!before || !last_ || passed <= 0) {
    return;
  }
  double sum = 0;
  for (std::size_t i = 0; i < last_->size(); ++i) {
    const std::optional<double> joules = joules_of(i, (*before)[i], (*last_)[i], passed);
    if (!joules) {
      return;
    }
    sum += *joules;
  }
  joules_ += sum;
  known_seconds_ += passed;
  watts_ = sum / passed;
}

std::optional<double> EnergyMeter::mean_watts() const {
  return known_seconds_ > 0 ? std::optional(joules_ / known_seconds_) : std::nullopt;
}

std::optional<EnergyMeter::Values> EnergyMeter::values() const {
  Values values;
  for (const PowerSource& source : sources_.sources) {
    const std::optional<double> value = source.read(files_);
    if (!value) {
      return std::nullopt;
    }
    values.push_back(*value);
  }
  return values.empty() ? std::nullopt : std::optional(std::move(values));
}

std::optional<double> EnergyMeter::joules_of(std::size_t source, double before, double now,
                                             double seconds) const {
  const PowerSource& meter = sources_.sources[source];
  if (!meter.counts) {
    return (before + now) / 2 * seconds;  // trapezium rule
  }
  if (now >= before) {
    return now - before;
  }
  const double range = static_cast<double>(meter.range) * meter.scale;
  return range > before ? std::optional(range - before + now) : std::nullopt;
}

}  // namespace crayon
