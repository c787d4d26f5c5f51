// crayon-train tasks: questions with answers, from the generator.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "train/tasks/jsonl.h"
#include "train/tasks/sets.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

struct Options {
  std::vector<std::string> names;  // tasks or groups; none: the whole set
  std::string set = "all";
  std::uint64_t seed = 0;
  std::size_t items = 100;  // of each task
  bool list = false;
};

/// The tasks of these names or groups. Throws bad_argument for one that is neither.
std::vector<tasks::Task> chosen(const Options& options) {
  const std::vector<tasks::Task> all = tasks::tasks_of(tasks::set_named(options.set));
  if (options.names.empty()) {
    return all;
  }
  std::vector<tasks::Task> some;
  for (const std::string& name : options.names) {
    const std::size_t before = some.size();
    std::ranges::copy_if(all, std::back_inserter(some), [&](const tasks::Task& task) {
      return task.name == name || task.group == name;
    });
    if (some.size() == before) {
      throw Error(Code::bad_argument,
                  fmt::format("there is no task or theme {} in the set {}", name, options.set),
                  "crayon-train tasks --list names them");
    }
  }
  return some;
}

void list(const tasks::Task& task) {
  std::string families;
  for (const tasks::Part& part : task.parts) {
    families += (families.empty() ? "" : " + ") + part.family->name;
  }
  fmt::print("{:<10}{:<12}{}{}\n", task.set, task.group, task.name,
             families == task.name ? "" : ": " + families);
}

Exit run(const Options& options) {
  for (const tasks::Task& task : chosen(options)) {
    if (options.list) {
      list(task);
      continue;
    }
    tasks::Dice dice = tasks::dice_of(task.name, options.seed);
    for (std::size_t i = 0; i < options.items; ++i) {
      const tasks::Drawn drawn = tasks::draw(task, dice);
      fmt::print("{}\n", tasks::to_json(drawn.item, task.name, drawn.family));
    }
  }
  return Exit::ok;
}

}  // namespace

Action declare_tasks(CLI::App& command) {
  const auto options = std::make_shared<Options>();
  command.add_option("TASK", options->names, "Tasks or themes; default: the whole set");
  command.add_option("--set", options->set, "skills, base, custom, held-out or all")
      ->capture_default_str();
  command.add_option("-s,--seed", options->seed, "The same seed gives the same items")
      ->capture_default_str();
  command.add_option("-n,--items", options->items, "Items of each task")->capture_default_str();
  command.add_flag("--list", options->list, "List sets, themes and tasks instead");
  return [options] { return run(*options); };
}

}  // namespace crayon::train
