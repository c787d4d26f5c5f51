#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/system_files.h"

namespace crayon {

// What a machine is and how it is doing, as far as the system says. What it does not say is absent.

/// A text for people: without control characters, and not too long.
std::string printable(std::string text);

/// The board's or the computer's model: device tree, else DMI.
std::optional<std::string> machine_model(const SystemFiles& files);

/// How one processor is clocked.
struct Clock {
  std::optional<std::string> governor;
  std::optional<std::uint64_t> now_khz;
  std::optional<std::uint64_t> max_khz;
};
Clock read_clock(const SystemFiles& files, std::uint32_t cpu);
/// The mean clock, in kHz, of those of the processors `cpus` that tell theirs.
std::optional<double> mean_khz(const SystemFiles& files, const std::vector<std::uint32_t>& cpus);

/// Temperatures in degrees Celsius, by thermal zone; of machines without zones, by sensor.
std::vector<std::pair<std::string, double>> read_temperatures(const SystemFiles& files);
/// The highest of them.
std::optional<double> hottest(const SystemFiles& files);

/// Whether heat or voltage slows the machine down: "no", or what is the matter, in a few words.
std::optional<std::string> throttling(const SystemFiles& files);
/// Whether what throttling() said is so at the moment, and not just at some time before.
bool is_throttled_now(std::string_view throttling);

/// Bytes of memory, and of those that a new program could get without swapping.
struct Memory {
  std::optional<std::uint64_t> total;
  std::optional<std::uint64_t> available;
};
Memory read_memory(const SystemFiles& files);

/// The setting of transparent huge pages: "always", "madvise" or "never".
std::optional<std::string> huge_pages(const SystemFiles& files);

/// Ticks that all processors together have spent since the machine started.
struct CpuTicks {
  std::uint64_t busy = 0;
  std::uint64_t idle = 0;
};
std::optional<CpuTicks> read_cpu_ticks(const SystemFiles& files);

}  // namespace crayon
