// crayon-train tasks: questions with answers, from the generator.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "train/tasks/jsonl.h"
#include "train/tasks/long/long_tasks.h"
#include "train/tasks/sets.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

constexpr std::uint64_t filler_limit = std::uint64_t{256} << 20;

struct Options {
  std::vector<std::string> names;  // tasks or groups; none: the whole set
  std::string set = "all";
  std::uint64_t seed = 0;
  std::size_t items = 100;  // of each task
  bool list = false;
  tasks::LongSettings long_settings;
  std::string filler;
};

/// Those of these names or groups. Throws bad_argument for one that is neither.
template <typename Task>
std::vector<Task> chosen(const std::vector<Task>& all, const Options& options) {
  if (options.names.empty()) {
    return all;
  }
  std::vector<Task> some;
  for (const std::string& name : options.names) {
    const std::size_t before = some.size();
    std::ranges::copy_if(all, std::back_inserter(some),
                         [&](const Task& task) { return task.name == name || task.group == name; });
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

/// The set `long`, whose items depend on more than the seed.
Exit run_long(const Options& options) {
  tasks::LongSettings settings = options.long_settings;
  if (!options.filler.empty()) {
    settings.text = tasks::sentences_of(read_text(options.filler, filler_limit));
  }
  for (const tasks::LongTask& task : chosen(tasks::long_tasks(!settings.text.empty()), options)) {
    if (options.list) {
      fmt::print("{:<10}{:<14}{}\n", "long", task.group, task.name);
      continue;
    }
    tasks::Dice dice = tasks::dice_of(task.name, options.seed);
    for (std::size_t i = 0; i < options.items; ++i) {
      const tasks::Item item = task.make(dice, settings);
      fmt::print("{}\n", tasks::to_json(item, task.name, task.name));
    }
  }
  return Exit::ok;
}

Exit run(const Options& options) {
  if (options.set == "long") {
    return run_long(options);
  }
  for (const tasks::Task& task : chosen(tasks::tasks_of(tasks::set_named(options.set)), options)) {
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
  command.add_option("--set", options->set, "skills, base, custom, held-out, all of them, or long")
      ->capture_default_str();
  command.add_option("-s,--seed", options->seed, "The same seed gives the same items")
      ->capture_default_str();
  command.add_option("-n,--items", options->items, "Items of each task")->capture_default_str();
  command.add_flag("--list", options->list, "List sets, themes and tasks instead");
  tasks::LongSettings& settings = options->long_settings;
  command
      .add_option("--length", settings.lengths,
                  "Of a context of the set long: its words, digits and marks; of several, each is "
                  "as probable")
      ->delimiter(',')
      ->allow_extra_args(false)  // tasks may follow it
      ->check(CLI::Range(20, 1000000))
      ->capture_default_str();
  command
      .add_option("--depth", settings.depth,
                  "Where what is asked for stands in it, 0: first, 1: last; default: anywhere")
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_option("--needles", settings.needles,
                  "Needles in it, of which one is asked for; default: one to four")
      ->check(CLI::Range(1, 12));
  command.add_option("--filler", options->filler, "A text, for needle_in_text to hide them in")
      ->check(CLI::ExistingFile);
  return [options] { return run(*options); };
}

}  // namespace crayon::train
