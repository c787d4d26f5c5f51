#include "train/tasks/sets.h"

#include <map>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/support.h"
#include "train/tasks/jsonl.h"

namespace crayon::train::tasks {
namespace {

std::set<std::string> names_of(const std::vector<Task>& tasks) {
  std::set<std::string> names;
  for (const Task& task : tasks) {
    names.insert(task.name);
  }
  return names;
}

TEST(Sets, ShareNoNameAndTogetherAreAll) {
  std::size_t sum = 0;
  for (const Set set : {Set::skills, Set::base, Set::custom, Set::held_out}) {
    sum += tasks_of(set).size();
  }
  EXPECT_EQ(names_of(tasks_of(Set::all)).size(), sum);
  EXPECT_EQ(tasks_of(Set::base).size() + tasks_of(Set::held_out).size(), rule_families().size());
}

TEST(Sets, AreFoundByTheirNames) {
  EXPECT_EQ(set_named("skills"), Set::skills);
  EXPECT_EQ(set_named("held-out"), Set::held_out);
  EXPECT_EQ(set_named("all"), Set::all);
  EXPECT_THROW(set_named("heldout"), Error);
}

TEST(Sets, EveryThemeHasSeveralBaseRules) {
  std::map<std::string, int> themes;
  for (const Task& task : tasks_of(Set::base)) {
    ++themes[task.group];
  }
  EXPECT_EQ(themes.size(), 8u);
  for (const auto& [theme, count] : themes) {
    EXPECT_GE(count, 4) << theme;
  }
}

TEST(Sets, CustomTasksAreOfTheirKind) {
  const std::set<std::string> base = names_of(tasks_of(Set::base));
  for (const Task& task : tasks_of(Set::custom)) {
    std::set<std::string> themes;
    EXPECT_GE(task.parts.size(), 2u) << task.name;
    for (const Part& part : task.parts) {
      themes.insert(part.family->theme);
      EXPECT_EQ(base.contains(part.family->name), task.group != "variant") << part.family->name;
    }
    EXPECT_TRUE(task.group != "one-theme" || themes.size() == 1) << task.name;
    EXPECT_TRUE(task.group != "mixture" || themes.size() == task.parts.size()) << task.name;
  }
}

TEST(Sets, EveryVariantIsInACustomTask) {
  std::set<std::string> used;
  for (const Task& task : tasks_of(Set::custom)) {
    for (const Part& part : task.parts) {
      used.insert(part.family->name);
    }
  }
  for (const Task& task : tasks_of(Set::held_out)) {
    EXPECT_TRUE(used.contains(task.name)) << task.name;
  }
}

TEST(Sets, AWordingNamesOneRuleOfItsTheme) {
  std::set<std::string> wordings;
  for (const Family& family : rule_families()) {
    for (const auto* forms : {&family.forms, &family.user_forms}) {
      for (const std::string& form : *forms) {
        EXPECT_TRUE(wordings.insert(family.theme + form).second) << family.name << ": " << form;
      }
    }
  }
}

TEST(Sets, UsersHaveWordingsOfTheirOwn) {
  for (const Task& task : tasks_of(Set::custom)) {
    for (const Part& part : task.parts) {
      EXPECT_EQ(part.family->user_forms.empty(), task.group == "variant") << part.family->name;
    }
  }
}

TEST(Sets, TheExamplesInTheTreeAreTheGenerators) {
  for (const Task& task : tasks_of(Set::custom)) {
    const std::string path =
        std::string(CRAYON_SOURCE_DIR) + "/examples/pool/" + task.name + ".jsonl";
    std::string generated;
    Dice dice = dice_of(task.name, 100);  // the seed of examples, see docs/tasks.md
    for (int i = 0; i < 16; ++i) {
      const Drawn drawn = draw(task, dice);
      generated += to_json(drawn.item, task.name, drawn.family) + "\n";
    }
    EXPECT_EQ(read_text(path, 1u << 20), generated)
        << "crayon-train tasks -n 16 --seed 100 " << task.name << " > " << path;
  }
}

}  // namespace
}  // namespace crayon::train::tasks
