#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "tests/support/support.h"
#include "train/tasks/jsonl.h"
#include "train/tasks/sets.h"

namespace crayon::train::tasks {
namespace {

constexpr int items = 500;

/// A yes/no question; "no" alone may also be a word that is asked for ("no water").
bool is_check(const Item& item) {
  const std::set<std::string> choices(item.choices.begin(), item.choices.end());
  return choices == std::set<std::string>{"yes", "no"};
}

std::size_t count_words(const std::string& text) {
  std::istringstream words(text);
  return static_cast<std::size_t>(std::distance(std::istream_iterator<std::string>(words),
                                                std::istream_iterator<std::string>()));
}

std::vector<Drawn> draw_items(const Task& task, std::uint64_t seed) {
  std::vector<Drawn> drawn;
  Dice dice = dice_of(task.name, seed);
  for (int i = 0; i < items; ++i) {
    drawn.push_back(draw(task, dice));
  }
  return drawn;
}

TEST(Tasks, ChoicesAreApartAndTheAnswerIsOneOfThem) {
  for (const Task& task : tasks_of(Set::all)) {
    for (const auto& [item, family] : draw_items(task, 1)) {
      EXPECT_GE(item.choices.size(), 2u) << family;
      EXPECT_LT(item.answer, item.choices.size()) << family;
      EXPECT_EQ(std::set<std::string>(item.choices.begin(), item.choices.end()).size(),
                item.choices.size())
          << family;
    }
  }
}

TEST(Tasks, ThePlaceOfTheAnswerTellsNothing) {
  for (const Task& task : tasks_of(Set::all)) {
    double first = 0;
    double expected = 0;
    for (const auto& [item, family] : draw_items(task, 2)) {
      first += item.answer == 0 ? 1 : 0;
      expected += 1.0 / static_cast<double>(item.choices.size());
    }
    EXPECT_NEAR(first, expected, 0.1 * items) << task.name;  // over four deviations
  }
}

TEST(Tasks, NoAnswerIsRightOftenEnoughToBeGuessed) {
  for (const Task& task : tasks_of(Set::all)) {
    std::map<std::string, int> checks;
    std::map<std::string, int> answers;
    int others = 0;
    for (const auto& [item, family] : draw_items(task, 3)) {
      const std::string& answer = item.choices[item.answer];
      ++(is_check(item) ? checks : answers)[answer];
      others += is_check(item) ? 0 : 1;
    }
    for (const auto& [answer, count] : answers) {
      EXPECT_LE(count, 0.35 * others) << task.name << ": " << answer;
    }
    EXPECT_NEAR(checks["yes"], checks["no"], 0.2 * items) << task.name;
  }
}

TEST(Tasks, AreShortEnoughForASmallModel) {
  for (const Task& task : tasks_of(Set::all)) {
    // Sentences and lists are copied whole; what is done, is done in three words.
    const bool copies = task.name == "sentence_repeat" || task.name.starts_with("list_copy");
    for (const auto& [item, family] : draw_items(task, 4)) {
      EXPECT_LE(count_words(item.context), 70u) << task.name << ": " << item.context;
      EXPECT_LE(count_words(item.question), 20u) << task.name << ": " << item.question;
      EXPECT_LE(count_words(item.choices[item.answer]), copies ? 12u : 3u) << task.name;
    }
  }
}

TEST(Tasks, TheContextHoldsWhatIsAskedFor) {
  // What is looked up must be there to be read; checks and absent things are not.
  const std::set<std::string_view> derived = {"part_missing", "plan_free_day"};
  for (const Task& task : tasks_of(Set::all)) {
    for (const auto& [item, family] : draw_items(task, 5)) {
      const std::string& answer = item.choices[item.answer];
      if (derived.contains(family)) {
        EXPECT_EQ(item.context.find(answer), std::string::npos) << family << ": " << answer;
      } else if (!is_check(item)) {
        EXPECT_NE(item.context.find(answer), std::string::npos) << family << ": " << answer;
      }
    }
  }
}

TEST(Tasks, TheSameSeedGivesTheSameItemsAndNoOtherSeedAnyOfThem) {
  for (const Task& task : tasks_of(Set::all)) {
    std::set<std::string> seen;
    std::string again;
    std::string first;
    for (const auto& [item, family] : draw_items(task, 1)) {
      first += to_json(item, task.name, family);
      seen.insert(item.context + item.question);
    }
    for (const auto& [item, family] : draw_items(task, 1)) {
      again += to_json(item, task.name, family);
    }
    EXPECT_EQ(first, again);
    for (const std::uint64_t seed : {100, 200}) {
      for (const auto& [item, family] : draw_items(task, seed)) {
        EXPECT_FALSE(seen.contains(item.context + item.question)) << task.name;
      }
    }
  }
}

TEST(Tasks, LinesAreJson) {
  const Task task = tasks_of(Set::custom).front();
  Dice dice = dice_of(task.name, 7);
  const Drawn drawn = draw(task, dice);
  const auto line = nlohmann::json::parse(to_json(drawn.item, task.name, drawn.family));
  EXPECT_EQ(line.at("task"), task.name);
  EXPECT_EQ(line.at("family"), drawn.family);
  EXPECT_EQ(line.at("choices").at(line.at("answer").get<std::size_t>()),
            drawn.item.choices[drawn.item.answer]);
}

}  // namespace
}  // namespace crayon::train::tasks
