#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/support.h"
#include "train/tasks/passage.h"
#include "train/tasks/sets.h"

namespace crayon::train::tasks {
namespace {

const Family& family_named(std::string_view name) {
  return *std::ranges::find(reading_skills(), name, &Family::name);
}

TEST(Passage, KeepsANumberWithTheSentenceBehindIt) {
  const Passage passage = read_passage("1. press start. 2. lock the lid: 7.");
  EXPECT_EQ(passage.sentences, (std::vector<std::string>{"1. press start", "2. lock the lid: 7"}));
  EXPECT_EQ(passage.words,
            (std::vector<std::string>{"1", "press", "start", "2", "lock", "the", "lid", "7"}));
  EXPECT_EQ(passage.last_word, (std::vector<std::size_t>{2, 7}));
  EXPECT_EQ(passage.first_word(1), 3u);
  EXPECT_EQ(passage.places_of("lid"), (std::vector<std::size_t>{6}));
}

TEST(Skills, AskForTheWordNextToOneThatStandsOnce) {
  for (const auto& [name, distance] : {std::pair("word_next", 1), std::pair("word_previous", -1)}) {
    Dice dice = dice_of(name, 1);
    for (int i = 0; i < 200; ++i) {
      const Item item = family_named(name).make(dice);
      const Passage passage = read_passage(item.context);
      const Passage question = read_passage(item.question.substr(0, item.question.size() - 1));
      const std::string asked = question.words.back();
      const std::vector<std::size_t> places = passage.places_of(asked);
      ASSERT_EQ(places.size(), 1u) << item.question;
      EXPECT_EQ(passage.words[places[0] + static_cast<std::size_t>(distance)],
                item.choices[item.answer]);
    }
  }
}

TEST(Skills, AreShort) {
  std::vector<std::size_t> lengths;
  for (const Task& task : tasks_of(Set::skills)) {
    Dice dice = dice_of(task.name, 2);
    for (int i = 0; i < 100; ++i) {
      const Item item = draw(task, dice).item;
      lengths.push_back(read_passage(item.context + " " + item.question + ".").words.size());
    }
  }
  std::ranges::sort(lengths);
  EXPECT_LE(lengths[lengths.size() / 2], 60u);
  EXPECT_LE(lengths.back(), 120u);
}

}  // namespace
}  // namespace crayon::train::tasks
