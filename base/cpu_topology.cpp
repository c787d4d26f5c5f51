#include "base/cpu_topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include "base/core_models.h"

namespace crayon {
namespace {

constexpr std::uint32_t most_cpus = 4096;

std::string folder_of(std::uint32_t cpu) {
  return fmt::format("sys/devices/system/cpu/cpu{}/", cpu);
}

/// Reads the same number of every processor. False, and nothing changed, unless all have one.
bool read_capacities(const SystemFiles& files, const char* name, std::vector<Cpu>& cpus) {
  std::vector<std::uint64_t> numbers;
  for (const Cpu& cpu : cpus) {
    const std::optional<std::uint64_t> number = files.number(folder_of(cpu.id) + name);
    if (!number || *number == 0) {
      return false;
    }
    numbers.push_back(*number);
  }
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    cpus[i].capacity = numbers[i];
  }
  return true;
}

CapacityMeasure measure(const SystemFiles& files, std::vector<Cpu>& cpus) {
  if (read_capacities(files, "cpu_capacity", cpus)) {
    return CapacityMeasure::scheduler;
  }
  if (read_capacities(files, "cpufreq/cpuinfo_max_freq", cpus)) {
    return CapacityMeasure::frequency;
  }
  for (Cpu& cpu : cpus) {
    cpu.capacity = 1;
  }
  return CapacityMeasure::unknown;
}

std::uint32_t first_sibling(const SystemFiles& files, std::uint32_t cpu) {
  const std::vector<std::uint32_t> siblings = parse_cpu_list(
      files.text(folder_of(cpu) + "topology/thread_siblings_list").value_or(std::string()));
  return std::ranges::find(siblings, cpu) == siblings.end() ? cpu
                                                            : *std::ranges::min_element(siblings);
}

/// A number at the front of `text`, which then begins behind it.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || number >= most_cpus) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return number;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

}  // namespace

CpuTopology read_cpu_topology(const SystemFiles& files, std::span<const std::uint32_t> allowed) {
  const std::map<std::uint32_t, std::string> models =
      core_models(files.text("proc/cpuinfo").value_or(std::string()));
  CpuTopology topology;
  for (const std::uint32_t id : allowed) {
    const auto model = models.find(id);
    topology.cpus.push_back(
        {id, 0, first_sibling(files, id), model == models.end() ? std::string() : model->second});
  }
  topology.measure = measure(files, topology.cpus);
  return topology;
}

std::vector<std::uint32_t> parse_cpu_list(const std::string& text) {
  std::vector<std::uint32_t> cpus;
  std::string_view rest(text);
  do {
    const std::optional<std::uint32_t> first = take_number(rest);
    const std::optional<std::uint32_t> last = take(rest, '-') ? take_number(rest) : first;
    if (!first || !last || *last < *first || cpus.size() > most_cpus) {
      return {};
    }
    for (std::uint32_t cpu = *first; cpu <= *last; ++cpu) {
      cpus.push_back(cpu);
    }
  } while (take(rest, ','));
  return rest.empty() ? cpus : std::vector<std::uint32_t>();
}

}  // namespace crayon
