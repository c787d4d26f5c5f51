#include "train/tasks/long/long_tasks.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "base/error.h"
#include "tests/support/support.h"
#include "train/tasks/families.h"

namespace crayon::train::tasks {
namespace {

constexpr int items = 200;

LongSettings settings_of(std::vector<std::size_t> lengths) {
  LongSettings settings;
  settings.lengths = std::move(lengths);
  settings.text = sentences_of(
      "The ship left the port in the evening. Nobody on board had seen such a sea before. \"Hold "
      "on!\" cried the captain. They did as they were told, and the night went by.");
  return settings;
}

std::vector<Item> draw_items(const LongTask& task, const LongSettings& settings,
                             std::uint64_t seed) {
  std::vector<Item> drawn;
  Dice dice = dice_of(task.name, seed);
  for (int i = 0; i < items; ++i) {
    drawn.push_back(task.make(dice, settings));
  }
  return drawn;
}

bool asks_several(const LongTask& task) {
  return task.name.ends_with("_several");
}

bool is_wordlike(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

/// Where `words` stand in the text, not within longer words.
std::vector<std::size_t> places_of(const std::string& words, const std::string& text) {
  std::vector<std::size_t> places;
  for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) {
    const std::size_t end = at + words.size();
    if ((at == 0 || !is_wordlike(text[at - 1])) &&
        (end == text.size() || !is_wordlike(text[end]))) {
      places.push_back(at);
    }
  }
  return places;
}

std::vector<std::size_t> places_of_answer(const Item& item) {
  return places_of(item.choices[item.answer], item.context);
}

TEST(LongContext, CountsWordsDigitsAndMarks) {
  EXPECT_EQ(count_pieces(""), 0u);
  EXPECT_EQ(count_pieces("all quiet."), 3u);
  EXPECT_EQ(count_pieces("07:34"), 6u);  // with the space before it
  EXPECT_EQ(count_pieces("E37: press reset."), 7u);
}

TEST(LongContext, CutsATextIntoSentences) {
  const std::vector<std::string> sentences =
      sentences_of("One  is\nhere. \"And two?\" he said!  <|endoftext|> Not this. 3.5 is one. No");
  const std::vector<std::string> expected = {"One is here.", "\"And two?\"", "he said!",
                                             "3.5 is one."};
  EXPECT_EQ(sentences, expected);
}

TEST(LongContext, StrewsTheFactAskedForAtItsDepth) {
  Dice dice(1);
  for (const double depth : {0.0, 0.25, 0.5, 1.0}) {
    for (int i = 0; i < items; ++i) {
      const Lines lines = strew(dice, 4, 20, depth);
      EXPECT_EQ(lines.size(), 24u);
      const auto fact = std::ranges::find(lines, std::optional<std::size_t>(0));
      const auto fillers = std::count(lines.begin(), fact, std::nullopt);
      EXPECT_EQ(fillers, static_cast<std::ptrdiff_t>(depth * 20));
      EXPECT_TRUE(depth != 0.0 || fact == lines.begin());
      EXPECT_TRUE(depth != 1.0 || fact + 1 == lines.end());
    }
  }
}

TEST(LongContext, StrewsAnywhereWithoutADepth) {
  Dice dice(1);
  std::map<std::ptrdiff_t, int> places;
  for (int i = 0; i < 2000; ++i) {
    const Lines lines = strew(dice, 1, 9, std::nullopt);
    ++places[std::ranges::find(lines, std::optional<std::size_t>(0)) - lines.begin()];
  }
  EXPECT_EQ(places.size(), 10u);
  for (const auto& [place, times] : places) {
    EXPECT_NEAR(times, 200, 80) << place;
  }
}

TEST(LongTasks, ContextsHaveTheWantedLength) {
  for (const LongTask& task : long_tasks(true)) {
    for (const std::size_t length : {100, 400, 1500}) {
      for (const Item& item : draw_items(task, settings_of({length}), 1)) {
        // Three events or codes, or four needles, are longer than the shortest ones.
        EXPECT_LE(count_pieces(item.context), std::max<std::size_t>(length, 130)) << task.name;
        EXPECT_GE(count_pieces(item.context), length - 40) << task.name;
      }
    }
  }
}

TEST(LongTasks, AContextHoldsWhatIsAskedForOnce) {
  for (const LongTask& task : long_tasks(true)) {
    if (asks_several(task) || task.name.starts_with("long_code")) {
      continue;  // advice may tell to clean the filter, too
    }
    for (const Item& item : draw_items(task, settings_of({200, 800}), 2)) {
      EXPECT_EQ(places_of_answer(item).size(), 1u)
          << task.name << ": " << item.choices[item.answer] << " in " << item.context;
    }
  }
}

TEST(LongTasks, SeveralAnswersComeWithTheirKeys) {
  for (const LongTask& task : long_tasks(true)) {
    if (!asks_several(task)) {
      continue;
    }
    for (const Item& item : draw_items(task, settings_of({300}), 3)) {
      EXPECT_GE(item.choices.size(), 2u) << task.name;
      std::set<std::string> sorted;
      for (std::string choice : item.choices) {
        std::ranges::sort(choice);  // all have the same letters
        sorted.insert(choice);
      }
      EXPECT_EQ(sorted.size(), 1u) << task.name;
    }
  }
}

TEST(LongTasks, NoPlaceAmongTheChoicesAndNoAnswerIsRightOftenEnoughToBeGuessed) {
  for (const LongTask& task : long_tasks(true)) {
    double first = 0;
    double expected = 0;
    std::map<std::string, int> answers;
    for (const Item& item : draw_items(task, settings_of({150}), 4)) {
      ASSERT_GE(item.choices.size(), 2u) << task.name;
      first += item.answer == 0 ? 1 : 0;
      expected += 1.0 / static_cast<double>(item.choices.size());
      ++answers[item.choices[item.answer]];
    }
    EXPECT_NEAR(first, expected, 0.15 * items) << task.name;
    for (const auto& [answer, times] : answers) {
      EXPECT_LE(times, 0.35 * items) << task.name << ": " << answer;
    }
  }
}

TEST(LongTasks, TheDepthIsThatOfTheFactAskedFor) {
  for (const LongTask& task : long_tasks(true)) {
    if (asks_several(task) || task.name.starts_with("long_code")) {
      continue;
    }
    LongSettings settings = settings_of({600});
    for (const double depth : {0.0, 0.5, 1.0}) {
      settings.depth = depth;
      for (const Item& item : draw_items(task, settings, 5)) {
        const double share = static_cast<double>(places_of_answer(item).at(0)) /
                             static_cast<double>(item.context.size());
        EXPECT_NEAR(share, depth, 0.2) << task.name << ": " << item.context;
      }
    }
  }
}

TEST(LongTasks, HideAsManyNeedlesAsAreWanted) {
  LongSettings settings = settings_of({300});
  for (const std::size_t needles : {1, 3, 12}) {
    settings.needles = needles;
    for (const LongTask& task : needle_tasks()) {
      if (asks_several(task) && needles == 1) {
        Dice dice = dice_of(task.name, 6);
        EXPECT_THROW(task.make(dice, settings), Error);
        continue;
      }
      for (const Item& item : draw_items(task, settings, 6)) {
        EXPECT_EQ(places_of("The code of the", item.context).size() +
                      places_of("The word of the", item.context).size(),
                  needles)
            << item.context;
        EXPECT_GE(item.choices.size(), 4u - (asks_several(task) ? 1 : 0));
      }
    }
  }
}

TEST(LongTasks, NeedATextToHideNeedlesInOne) {
  EXPECT_EQ(long_tasks(true).size(), long_tasks(false).size() + 1);
  const LongTask task = long_tasks(true).back();
  Dice dice = dice_of(task.name, 1);
  EXPECT_THROW(task.make(dice, LongSettings{}), Error);
}

TEST(LongTasks, TheSameSeedGivesTheSameItemsAndNoOtherSeedAnyOfThem) {
  const LongSettings settings = settings_of({100, 300});
  for (const LongTask& task : long_tasks(true)) {
    std::set<std::string> seen;
    const std::vector<Item> first = draw_items(task, settings, 1);
    const std::vector<Item> again = draw_items(task, settings, 1);
    for (std::size_t i = 0; i < first.size(); ++i) {
      EXPECT_EQ(first[i].context + first[i].question, again[i].context + again[i].question);
      seen.insert(first[i].context + first[i].question);
    }
    for (const std::uint64_t seed : {100, 200}) {
      for (const Item& item : draw_items(task, settings, seed)) {
        EXPECT_FALSE(seen.contains(item.context + item.question)) << task.name;
      }
    }
  }
}

TEST(LongTasks, ShareNoNameWithAShortOne) {
  std::set<std::string> names;
  for (const Family& family : rule_families()) {
    names.insert(family.name);
  }
  for (const LongTask& task : long_tasks(true)) {
    EXPECT_TRUE(names.insert(task.name).second) << task.name;
  }
}

}  // namespace
}  // namespace crayon::train::tasks
