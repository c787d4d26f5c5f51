#include "base/core_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/affinity.h"

namespace crayon {
namespace {

/// Whether a core of that capacity computes beside one of the greatest.
bool is_fast(std::uint64_t capacity, std::uint64_t greatest, CapacityMeasure measure) {
  const double share = measure == CapacityMeasure::frequency ? 0.9 : 0.7;
  return static_cast<double>(capacity) >= share * static_cast<double>(greatest);
}

std::string capacity_text(std::uint64_t capacity, CapacityMeasure measure) {
  return measure == CapacityMeasure::frequency ? fmt::format("{} MHz", capacity / 1000)
                                               : fmt::format("capacity {}", capacity);
}

std::string reason_of(std::size_t chosen, std::size_t siblings, std::uint64_t greatest,
                      std::uint64_t left_out, CapacityMeasure measure) {
  std::string reason;
  if (left_out != 0) {
    reason = fmt::format("the fastest: {}, others {} at most", capacity_text(greatest, measure),
                         capacity_text(left_out, measure));
  } else if (measure == CapacityMeasure::unknown) {
    reason = chosen == 1 ? "the only core" : "the system does not say that any core is faster";
  } else {
    reason = chosen == 1 ? "the only core" : "all cores are about as fast";
  }
  if (siblings != 0) {
    reason += "; of each core one of its hardware threads";
  }
  return reason;
}

}  // namespace

CoreChoice choose_cores(const CpuTopology& topology) {
  if (topology.cpus.empty()) {
    return {{}, "the system does not say which processors there are"};
  }
  const std::uint64_t greatest =
      std::ranges::max(topology.cpus, {}, [](const Cpu& cpu) { return cpu.capacity; }).capacity;
  CoreChoice choice;
  std::set<std::uint32_t> cores;
  std::uint64_t left_out = 0;  // the greatest capacity of those
  std::size_t siblings = 0;
  for (const Cpu& cpu : topology.cpus) {
    if (!is_fast(cpu.capacity, greatest, topology.measure)) {
      left_out = std::max(left_out, cpu.capacity);
    } else if (cores.insert(cpu.core).second) {
      choice.cpus.push_back(cpu.id);
    } else {
      ++siblings;
    }
  }
  choice.reason = reason_of(choice.cpus.size(), siblings, greatest, left_out, topology.measure);
  return choice;
}

const CoreChoice& chosen_cores() {
  static const CoreChoice choice = choose_cores(read_cpu_topology(SystemFiles(), allowed_cpus()));
  return choice;
}

std::size_t default_threads() {
  return std::max<std::size_t>(1, chosen_cores().cpus.size());
}

std::vector<std::uint32_t> cores_for(std::size_t threads) {
  const std::vector<std::uint32_t>& cpus = chosen_cores().cpus;
  return threads <= cpus.size() ? cpus : std::vector<std::uint32_t>();
}

}  // namespace crayon
