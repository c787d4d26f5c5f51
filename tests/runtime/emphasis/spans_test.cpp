#include "runtime/emphasis/spans.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/support.h"

namespace crayon::emphasis {
namespace {

using crayon::test::code_of;
using Spans = std::vector<Span>;

Spans find(std::string_view text, const std::vector<Phrase>& phrases) {
  return find_phrases(text, phrases);
}

TEST(FindPhrases, EveryPlaceWhereWholeWordsAre) {
  EXPECT_EQ(find("red, redder, infrared; red", {{"red", 2}}), (Spans{{0, 3, 2}, {23, 26, 2}}));
  EXPECT_EQ(find("a red car", {{"red car", 0.5f}, {"a", 0}}), (Spans{{0, 1, 0}, {2, 9, 0.5f}}));
  EXPECT_EQ(find("über überall", {{"über", 3}}), (Spans{{0, 5, 3}}));
  EXPECT_EQ(find("the dog's", {{"dog", 3}}), (Spans{{4, 7, 3}}));
  EXPECT_EQ(find("红色的车", {{"红色", 3}}), (Spans{{0, 6, 3}}));
  EXPECT_EQ(find("so!!", {{"!", 3}}), (Spans{{2, 4, 3}}));
}

TEST(FindPhrases, OfPlacesThatOverlapTheFirstCounts) {
  EXPECT_EQ(find("a b a b a", {{"a b a", 2}}), (Spans{{0, 5, 2}}));
}

TEST(FindPhrases, WeightsMultiplyWherePhrasesMeet) {
  EXPECT_EQ(find("a red car", {{"red car", 2}, {"car", 3}}), (Spans{{2, 6, 2}, {6, 9, 6}}));
  EXPECT_EQ(find("a red car", {{"red", 2}, {"red", 0.5f}}), Spans{});
}

TEST(FindPhrases, WhatCannotBeIsAnErrorThatNamesThePhrase) {
  const auto fails = [](std::string_view text, const std::vector<Phrase>& phrases) {
    std::string sentence;
    EXPECT_EQ(code_of([&] { find_phrases(text, phrases); }, &sentence), Code::bad_argument);
    return sentence;
  };
  EXPECT_EQ(fails("a redder car", {{"red", 2}}), "the phrase \"red\" is not in the text");
  EXPECT_EQ(fails("a Red car", {{"red", 2}}), "the phrase \"red\" is not in the text");
  EXPECT_EQ(fails("e\u0301", {{"e", 2}}), "the phrase \"e\" is not in the text");
  EXPECT_EQ(fails("", {{"red", 2}}), "the phrase \"red\" is not in the text");
  EXPECT_EQ(fails("a", {{"", 2}}), "a phrase is empty");
  EXPECT_EQ(fails("a", {{"a", -1}}), "-1 is no weight for the phrase \"a\"");
  EXPECT_EQ(fails("a", {{"a", 1000.5f}}), "1000.5 is no weight for the phrase \"a\"");
  EXPECT_EQ(fails("a", {{"a", std::numeric_limits<float>::quiet_NaN()}}),
            "nan is no weight for the phrase \"a\"");
  EXPECT_EQ(fails("a b", {{"a", 100}, {"a b", 100}}),
            "with the weight of \"a b\" those of words that phrases share multiply to more than "
            "1000");
  const std::vector<Phrase> many(max_phrases + 1, {"a", 1});
  EXPECT_EQ(code_of([&] { find_phrases("a", many); }), Code::over_limit);
}

TEST(Check, SpansAreInOrderApartWithinTheTextAndHaveWeights) {
  check(Spans{{0, 1, 0}, {1, 4, max_weight}}, 4);
  for (const Spans& wrong :
       {Spans{{0, 5, 1}}, Spans{{2, 2, 1}}, Spans{{3, 2, 1}}, Spans{{1, 2, 1}, {0, 1, 1}},
        Spans{{0, 2, 1}, {1, 3, 1}}, Spans{{0, 1, -1}}, Spans{{0, 1, 1001}},
        Spans{{0, 1, std::numeric_limits<float>::infinity()}},
        Spans{{0, 1, std::numeric_limits<float>::quiet_NaN()}}}) {
    EXPECT_EQ(code_of([&] { check(wrong, 4); }), Code::bad_argument);
  }
}

}  // namespace
}  // namespace crayon::emphasis
