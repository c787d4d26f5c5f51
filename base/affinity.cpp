#include "base/affinity.h"

#include <sched.h>

#include <array>

namespace crayon {
namespace {

constexpr std::uint32_t most_cpus = 4096;  // of a set; CPU_SETSIZE is 1024

/// A set of processors with room for more than a server has.
class CpuSet {
 public:
  static std::size_t bytes() { return most_cpus / 8; }
  cpu_set_t* get() { return sets_.data(); }
  bool holds(std::uint32_t cpu) const { return CPU_ISSET_S(cpu, bytes(), sets_.data()) != 0; }
  void add(std::uint32_t cpu) { CPU_SET_S(cpu, bytes(), sets_.data()); }

 private:
  std::array<cpu_set_t, most_cpus / CPU_SETSIZE> sets_{};  // one behind the other, as CPU_ALLOC's
};

}  // namespace

std::vector<std::uint32_t> allowed_cpus() {
  CpuSet allowed;
  std::vector<std::uint32_t> cpus;
  if (::sched_getaffinity(0, CpuSet::bytes(), allowed.get()) != 0) {
    return cpus;
  }
  for (std::uint32_t cpu = 0; cpu < most_cpus; ++cpu) {
    if (allowed.holds(cpu)) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

bool pin_this_thread(std::span<const std::uint32_t> cpus) {
  CpuSet wanted;
  for (const std::uint32_t cpu : cpus) {
    if (cpu >= most_cpus) {
      return false;
    }
    wanted.add(cpu);
  }
  return ::sched_setaffinity(0, CpuSet::bytes(), wanted.get()) == 0;
}

}  // namespace crayon
