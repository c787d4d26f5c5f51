// crayon-train tasks: questions with answers, from the generator.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "train/tasks/families.h"
#include "train/tasks/jsonl.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

struct Options {
  std::vector<std::string> families;  // names or themes; none: all
  std::uint64_t seed = 0;
  std::size_t items = 100;  // of each family
  bool list = false;
};

/// The families of these names or themes. Throws bad_argument for one that is neither.
std::vector<tasks::Family> chosen(const std::vector<std::string>& names) {
  const std::vector<tasks::Family> all = tasks::all_families();
  if (names.empty()) {
    return all;
  }
  std::vector<tasks::Family> families;
  for (const std::string& name : names) {
    const std::size_t before = families.size();
    std::ranges::copy_if(all, std::back_inserter(families), [&](const tasks::Family& family) {
      return family.name == name || family.theme == name;
    });
    if (families.size() == before) {
      throw Error(Code::bad_argument, fmt::format("there is no task family or theme {}", name),
                  "crayon-train tasks --list names them");
    }
  }
  return families;
}

Exit run(const Options& options) {
  for (const tasks::Family& family : chosen(options.families)) {
    if (options.list) {
      fmt::print("{:<12}{}\n", family.theme, family.name);
      continue;
    }
    tasks::Dice dice = tasks::dice_of(family, options.seed);
    for (std::size_t i = 0; i < options.items; ++i) {
      fmt::print("{}\n", tasks::to_json(family.make(dice), family.name));
    }
  }
  return Exit::ok;
}

}  // namespace

Action declare_tasks(CLI::App& command) {
  const auto options = std::make_shared<Options>();
  command.add_option("FAMILY", options->families, "Families or themes; default: all");
  command.add_option("-s,--seed", options->seed, "The same seed gives the same items")
      ->capture_default_str();
  command.add_option("-n,--items", options->items, "Items of each family")->capture_default_str();
  command.add_flag("--list", options->list, "List themes and families instead");
  return [options] { return run(*options); };
}

}  // namespace crayon::train
