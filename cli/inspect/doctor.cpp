#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/affinity.h"
#include "base/core_choice.h"
#include "base/emulation.h"
#include "base/machine.h"
#include "base/power_sources.h"
#include "base/thread_pool.h"
#include "cli/engine.h"
#include "cli/machine_description.h"
#include "cli/output.h"
#include "cli/placement.h"
#include "cli/verbs.h"
#include "kernels/kernel_set.h"
#include "runtime/bench/read_bandwidth.h"

namespace crayon::cli {
namespace {

using kernels::Feature;

struct Options {
  EngineOptions engine;
  bool bandwidth = true;
};

/// How fast memory can be read, in bytes a second.
struct Bandwidth {
  double one_thread;
  double all_threads;
};

/// The words of a set of feature bits.
std::vector<std::string_view> words_of(std::uint32_t features) {
  std::vector<std::string_view> words;
  for (std::uint32_t bit = 1; bit != 0; bit <<= 1) {
    if ((features & bit) != 0) {
      words.push_back(kernels::feature_name(static_cast<Feature>(bit)));
    }
  }
  return words;
}

std::string why_kernels(const EngineOptions& options) {
  return options.kernels.empty() ? "the best that runs here"
                                 : "asked for by --kernels or CRAYON_KERNELS";
}

/// In well under two seconds on a board: 64 MiB are more than its caches, and soon written.
std::optional<Bandwidth> measure(const Options& options) {
  if (!options.bandwidth) {
    return std::nullopt;
  }
  constexpr double seconds = 0.2;
  bench::ReadBandwidth buffer(std::uint64_t{64} << 20);
  const std::vector<std::uint32_t> before = allowed_cpus();
  const Placement placement = place_threads(options.engine);
  ThreadPool one(1);
  ThreadPool all(options.engine.threads, placement.cpus);
  const Bandwidth measured{buffer.measure(one, seconds), buffer.measure(all, seconds)};
  pin_this_thread(before);
  return measured;
}

/// What the machine's power can be read from.
std::optional<std::string> power_text(const SystemFiles& files) {
  const PowerSources power = find_power_sources(files);
  return power.sources.empty() ? std::nullopt : std::optional(power.text());
}

Json cpus_json() {
  Json cpus = Json::array();
  const SystemFiles files;
  for (const Cpu& cpu : read_cpu_topology(files, allowed_cpus()).cpus) {
    const Clock clock = read_clock(files, cpu.id);
    cpus.push_back({{"id", cpu.id},
                    {"model", cpu.model.empty() ? Json() : Json(cpu.model)},
                    {"capacity", cpu.capacity},
                    {"governor", json_of(clock.governor)},
                    {"khz", json_of(clock.now_khz)},
                    {"max_khz", json_of(clock.max_khz)}});
  }
  return cpus;
}

Json kernels_json() {
  Json sets = Json::array();
  for (const kernels::KernelSet* set : kernels::all()) {
    sets.push_back({{"name", set->name},
                    {"needs", words_of(set->features)},
                    {"runs", kernels::runs_here(*set)}});
  }
  return sets;
}

void print_all_json(const kernels::KernelSet& chosen, const Options& options) {
  const SystemFiles files;
  const Placement placement = placement_of(options.engine);
  const std::optional<Bandwidth> bandwidth = measure(options);
  const Memory memory = read_memory(files);
  const Emulation emulation = read_emulation(files);
  Json temperatures = Json::object();
  for (const auto& [zone, degrees] : read_temperatures(files)) {
    temperatures[zone] = degrees;
  }
  print_json({{"version", CRAYON_VERSION},
              {"features", words_of(kernels::cpu_features())},
              {"kernels", kernels_json()},
              {"chosen", chosen.name},
              {"why", why_kernels(options.engine)},
              {"threads", options.engine.threads},
              {"memory_bytes", memory.total.value_or(0)},
              {"free_memory_bytes", memory.available.value_or(0)},
              {"machine", json_of(machine_model(files))},
              {"cpus", cpus_json()},
              {"pinned_to", placement.cpus},
              {"why_pinned", placement.reason},
              {"layout", layout_text(chosen.layout)},
              {"temperatures", temperatures},
              {"throttling", json_of(throttling(files))},
              {"huge_pages", json_of(huge_pages(files))},
              {"read_bytes_per_second", bandwidth ? Json{{"one_thread", bandwidth->one_thread},
                                                         {"all_threads", bandwidth->all_threads}}
                                                  : Json()},
              {"emulated", emulation.is_emulated()},
              {"virtual", emulation.is_virtual()},
              {"power", json_of(power_text(files))}});
}

/// "label     text"
void line(std::string_view label, const std::string& text) {
  print(fmt::format("{:<10}{}\n", label, text));
}

void print_processors() {
  const SystemFiles files;
  const CpuTopology topology = read_cpu_topology(files, allowed_cpus());
  for (const Cpu& cpu : topology.cpus) {
    const Clock clock = read_clock(files, cpu.id);
    line("core",
         fmt::format("{}: {}, {}, governor {}, clock {} of {}", cpu.id,
                     cpu.model.empty() ? "model unknown" : cpu.model,
                     topology.measure == CapacityMeasure::scheduler
                         ? fmt::format("capacity {}", cpu.capacity)
                         : "capacity unknown",
                     text_of(clock.governor), megahertz(clock.now_khz), megahertz(clock.max_khz)));
  }
}

void print_kernels(const kernels::KernelSet& chosen, const EngineOptions& options) {
  for (const kernels::KernelSet* set : kernels::all()) {
    const std::string missing =
        fmt::format("{}", fmt::join(words_of(set->features & ~kernels::cpu_features()), " "));
    line("kernels", fmt::format("{:<12}{}", set->name,
                                set == &chosen             ? "chosen: " + why_kernels(options)
                                : kernels::runs_here(*set) ? "runs"
                                                           : "does not run, needs " + missing));
  }
  line("layout", layout_text(chosen.layout));
}

void print_all(const kernels::KernelSet& chosen, const Options& options) {
  const SystemFiles files;
  const std::vector<std::string_view> features = words_of(kernels::cpu_features());
  const Placement placement = placement_of(options.engine);
  const Memory memory = read_memory(files);
  line("crayon", CRAYON_VERSION);
  line("machine", machine_text(machine_model(files), read_emulation(files)));
  line("cpu", features.empty() ? "no feature that a kernel set uses"
                               : fmt::format("{}", fmt::join(features, " ")));
  print_processors();
  line("threads", fmt::format("{}, {}", options.engine.threads, placement.text()));
  print_kernels(chosen, options.engine);
  line("memory", fmt::format("{}, {} free; huge pages {}", bytes_text(memory.total),
                             bytes_text(memory.available), text_of(huge_pages(files))));
  line("heat", fmt::format("{}; throttling {}", temperatures_text(read_temperatures(files)),
                           text_of(throttling(files))));
  line("power", power_text(files).value_or("no sensor that can be read"));
  if (const std::optional<Bandwidth> bandwidth = measure(options)) {
    line("reads",
         fmt::format("{:.1f} GB/s with 1 thread, {:.1f} GB/s with {}", bandwidth->one_thread / 1e9,
                     bandwidth->all_threads / 1e9, options.engine.threads));
  }
}

Exit doctor(const Options& options, const Common& common) {
  const kernels::KernelSet& chosen = select_kernels(options.engine.kernels);
  if (common.json) {
    print_all_json(chosen, options);
  } else {
    print_all(chosen, options);
  }
  return Exit::ok;
}

}  // namespace

Action declare_doctor(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  add_engine_options(command, options->engine);
  command.add_flag("--bandwidth,!--no-bandwidth", options->bandwidth,
                   "Measure how fast memory can be read, which is the default");
  return [options, &common] { return doctor(*options, common); };
}

}  // namespace crayon::cli
