#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/cpu_topology.h"

namespace crayon {

/// The processors to compute on, and why.
struct CoreChoice {
  std::vector<std::uint32_t> cpus;  ///< by id; one a thread. Empty: the system does not say
  std::string reason;               ///< for people, without a full stop
};

/// The fastest cores, one processor of each.
///
/// A core is fast when it does at least 70 % of what the fastest one does: beside a Cortex-X1 an
/// A78 (85 %) shortens the work, an A55 (25 %) mostly lets it wait for what it claimed last, and
/// uses up memory bandwidth and heat on the way. Where only clocks are known, at least 90 %, as
/// little cores (A53, A55) often run at three quarters of the clock of big ones and do far less
/// with it, while equal cores differ by a few per cent from cluster to cluster.
CoreChoice choose_cores(const CpuTopology& topology);

/// The choice for this process, made once, when it is first asked for.
const CoreChoice& chosen_cores();

/// Threads to use when the user names no number: one for each of the chosen cores.
std::size_t default_threads();

/// Where `threads` threads should run: on the chosen cores, or, empty, wherever the system wants
/// when there are more threads than those.
std::vector<std::uint32_t> cores_for(std::size_t threads);

}  // namespace crayon
