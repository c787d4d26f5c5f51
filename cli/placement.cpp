#include "cli/placement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/affinity.h"
#include "base/core_choice.h"

namespace crayon::cli {

std::string Placement::text() const {
  return cpus.empty()
             ? "not pinned: " + reason
             : fmt::format("kept to {} {}: {}", cpus.size() == 1 ? "processor" : "processors",
                           fmt::join(cpus, " "), reason);
}

Placement placement_of(const EngineOptions& options) {
  if (!options.pin) {
    return {{}, "asked for by --no-pin or CRAYON_PIN"};
  }
  std::vector<std::uint32_t> cpus = cores_for(options.threads);
  if (cpus.empty() && !chosen_cores().cpus.empty()) {
    return {{}, "there are more threads than fast cores"};
  }
  return {std::move(cpus), chosen_cores().reason};
}

Placement place_threads(const EngineOptions& options) {
  Placement placement = placement_of(options);
  if (!placement.cpus.empty()) {
    pin_this_thread(placement.cpus);  // where the system refuses, it knows better
  }
  return placement;
}

}  // namespace crayon::cli
