#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/options.h"

namespace crayon::cli {

/// Where a verb's threads run, and why.
struct Placement {
  std::vector<std::uint32_t> cpus;  ///< empty: wherever the system wants
  std::string reason;
  /// "kept to processors 4 5 6 7: the fastest", or "not pinned: ..."
  std::string text() const;
};

Placement placement_of(const EngineOptions& options);

/// The same, and keeps this thread to it, and with it those that it starts later, as a server's.
Placement place_threads(const EngineOptions& options);

}  // namespace crayon::cli
