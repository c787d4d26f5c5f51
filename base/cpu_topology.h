#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/system_files.h"

namespace crayon {

/// One processor, as the system counts them.
struct Cpu {
  std::uint32_t id = 0;
  /// Speed beside that of the others, in the unit of CpuTopology::measure.
  std::uint64_t capacity = 0;
  /// The first of the processors that share its core (SMT); itself where none does.
  std::uint32_t core = 0;
  std::string model;  ///< "Cortex-A76"; empty where that is unknown
};

/// What the capacities of a topology are.
enum class CapacityMeasure {
  scheduler,  ///< cpu_capacity: work per time, 1024 for the fastest (Documentation/arch/arm64)
  frequency,  ///< the highest clock, in kHz
  unknown,    ///< the same for all
};

/// The processors that this process may use.
struct CpuTopology {
  std::vector<Cpu> cpus;  ///< by id; empty when the system does not say
  CapacityMeasure measure = CapacityMeasure::unknown;
};

/// What the system's files say of the processors `allowed`.
CpuTopology read_cpu_topology(const SystemFiles& files, std::span<const std::uint32_t> allowed);

/// "0-3,7" as numbers below 4096; empty for anything that is not such a list.
std::vector<std::uint32_t> parse_cpu_list(const std::string& text);

}  // namespace crayon
