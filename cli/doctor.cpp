#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/core_choice.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "kernels/kernel_set.h"

namespace crayon::cli {
namespace {

using kernels::Feature;

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

std::uint64_t pages(int which) {
  const long count = ::sysconf(which);
  const long size = ::sysconf(_SC_PAGESIZE);
  return count > 0 && size > 0
             ? static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(size)
             : 0;
}

Exit doctor(const std::string& asked, const Common& common) {
  const kernels::KernelSet& chosen = select_kernels(asked);
  const std::string why =
      asked.empty() ? "the best that runs here" : "asked for by --kernels or CRAYON_KERNELS";
  const std::vector<std::string_view> features = words_of(kernels::cpu_features());
  const std::uint64_t memory = pages(_SC_PHYS_PAGES);
  const std::uint64_t free_memory = pages(_SC_AVPHYS_PAGES);
  if (common.json) {
    Json sets = Json::array();
    for (const kernels::KernelSet* set : kernels::all()) {
      sets.push_back({{"name", set->name},
                      {"needs", words_of(set->features)},
                      {"runs", kernels::runs_here(*set)}});
    }
    print_json({{"version", CRAYON_VERSION},
                {"features", features},
                {"kernels", sets},
                {"chosen", chosen.name},
                {"why", why},
                {"threads", default_threads()},
                {"memory_bytes", memory},
                {"free_memory_bytes", free_memory}});
    return Exit::ok;
  }
  print(fmt::format("crayon    {}\n", CRAYON_VERSION));
  print(fmt::format("cpu       {}\n", features.empty()
                                          ? "no feature that a kernel set uses"
                                          : fmt::format("{}", fmt::join(features, " "))));
  print(fmt::format("threads   {}\n", default_threads()));
  print(fmt::format("memory    {}, {} free\n", bytes_text(memory), bytes_text(free_memory)));
  for (const kernels::KernelSet* set : kernels::all()) {
    const std::string missing =
        fmt::format("{}", fmt::join(words_of(set->features & ~kernels::cpu_features()), " "));
    print(fmt::format("kernels   {:<10}{}\n", set->name,
                      set == &chosen             ? "chosen: " + why
                      : kernels::runs_here(*set) ? "runs"
                                                 : "does not run, needs " + missing));
  }
  return Exit::ok;
}

}  // namespace

Action declare_doctor(CLI::App& command, const Common& common) {
  auto kernels = std::make_shared<std::string>();
  command.add_option("--kernels", *kernels, "Kernel set to choose");
  return [kernels, &common] { return doctor(*kernels, common); };
}

}  // namespace crayon::cli
