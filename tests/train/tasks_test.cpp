#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/support/support.h"
#include "train/tasks/families.h"
#include "train/tasks/jsonl.h"

namespace crayon::train::tasks {
namespace {

constexpr int items = 500;

/// A yes/no question; "no" alone may also be a word that is asked for ("no water").
bool is_check(const Item& item) {
  const std::set<std::string> choices(item.choices.begin(), item.choices.end());
  return choices == std::set<std::string>{"yes", "no"};
}

TEST(Tasks, HaveUniqueNamesAndSeveralRulesATheme) {
  std::set<std::string_view> names;
  std::map<std::string_view, int> themes;
  for (const Family& family : all_families()) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name;
    ++themes[family.theme];
  }
  EXPECT_GE(names.size(), 24u);
  for (const auto& [theme, count] : themes) {
    EXPECT_GE(count, 4) << theme;
  }
}

TEST(Tasks, ChoicesAreApartAndTheAnswerIsOneOfThem) {
  for (const Family& family : all_families()) {
    Dice dice = dice_of(family, 1);
    for (int i = 0; i < items; ++i) {
      const Item item = family.make(dice);
      EXPECT_GE(item.choices.size(), 2u) << family.name;
      EXPECT_LT(item.answer, item.choices.size()) << family.name;
      EXPECT_EQ(std::set<std::string>(item.choices.begin(), item.choices.end()).size(),
                item.choices.size())
          << family.name;
    }
  }
}

TEST(Tasks, ThePlaceOfTheAnswerTellsNothing) {
  for (const Family& family : all_families()) {
    Dice dice = dice_of(family, 2);
    double first = 0;
    double expected = 0;
    for (int i = 0; i < items; ++i) {
      const Item item = family.make(dice);
      first += item.answer == 0 ? 1 : 0;
      expected += 1.0 / static_cast<double>(item.choices.size());
    }
    EXPECT_NEAR(first, expected, 0.1 * items) << family.name;  // over four deviations
  }
}

TEST(Tasks, ChecksAreAnsweredYesAndNoAlike) {
  for (const Family& family : all_families()) {
    Dice dice = dice_of(family, 3);
    int yes = 0;
    int checks = 0;
    for (int i = 0; i < items; ++i) {
      const Item item = family.make(dice);
      const std::string& answer = item.choices[item.answer];
      checks += is_check(item) ? 1 : 0;
      yes += answer == "yes" ? 1 : 0;
    }
    if (checks > 0) {
      EXPECT_EQ(checks, items) << family.name;
      EXPECT_NEAR(yes, items / 2, 0.1 * items) << family.name;
    }
  }
}

TEST(Tasks, TheContextHoldsWhatIsAskedFor) {
  // What is looked up must be there to be read; counts, checks and absent things are not.
  const std::set<std::string_view> derived = {"sensor_count_above", "step_count", "part_missing",
                                              "plan_free_day"};
  for (const Family& family : all_families()) {
    Dice dice = dice_of(family, 4);
    for (int i = 0; i < items && !derived.contains(family.name); ++i) {
      const Item item = family.make(dice);
      const std::string& answer = item.choices[item.answer];
      if (!is_check(item)) {
        EXPECT_NE(item.context.find(answer), std::string::npos) << family.name << ": " << answer;
      }
    }
  }
}

TEST(Tasks, TheSameSeedGivesTheSameItems) {
  for (const Family& family : all_families()) {
    Dice one = dice_of(family, 5);
    Dice same = dice_of(family, 5);
    Dice other = dice_of(family, 6);
    std::string first;
    std::string second;
    std::string third;
    for (int i = 0; i < 20; ++i) {
      first += to_json(family.make(one), family.name);
      second += to_json(family.make(same), family.name);
      third += to_json(family.make(other), family.name);
    }
    EXPECT_EQ(first, second);
    EXPECT_NE(first, third);
  }
}

TEST(Tasks, LinesAreJson) {
  const Family family = all_families().front();
  Dice dice = dice_of(family, 7);
  const Item item = family.make(dice);
  const auto line = nlohmann::json::parse(to_json(item, family.name));
  EXPECT_EQ(line.at("task"), family.name);
  EXPECT_EQ(line.at("choices").at(line.at("answer").get<std::size_t>()), item.choices[item.answer]);
}

}  // namespace
}  // namespace crayon::train::tasks
