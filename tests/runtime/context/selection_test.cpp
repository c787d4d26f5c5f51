#include "runtime/context/selection.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace crayon::context {
namespace {

std::vector<std::uint32_t> entries(Selection& selection) {
  const auto taken = selection.taken();
  return {taken.begin(), taken.end()};
}

TEST(Selection, PinnedOnesStayAndCount) {
  Selection selection;
  selection.begin(10, 2, 5);
  EXPECT_EQ(selection.left(), 3u);
  selection.take_last(selection.left());
  EXPECT_EQ(entries(selection), (std::vector<std::uint32_t>{0, 1, 7, 8, 9}));
  EXPECT_EQ(selection.left(), 0u);
  selection.take_first(4);
  EXPECT_EQ(entries(selection).size(), 5u);
}

TEST(Selection, BestOfThoseThatAreLeft) {
  Selection selection;
  selection.begin(6, 1, 4);
  const std::vector<float> scores = {9, 1, 5, 5, 7, 5};
  selection.take_best(scores, 2);
  EXPECT_EQ(entries(selection), (std::vector<std::uint32_t>{0, 2, 4}));
  selection.take_best(scores, 2);
  EXPECT_EQ(entries(selection), (std::vector<std::uint32_t>{0, 2, 3, 4}));
}

TEST(Selection, WhatIsNoNumberComesLast) {
  Selection selection;
  selection.begin(4, 0, 3);
  const std::vector<float> scores = {std::nanf(""), -INFINITY, 0, -5};
  selection.take_best(scores, 3);
  EXPECT_EQ(entries(selection), (std::vector<std::uint32_t>{0, 2, 3}));
}

TEST(Selection, StartsAfreshForEveryHead) {
  Selection selection;
  selection.begin(4, 0, 2);
  selection.take_first(2);
  selection.begin(3, 0, 1);
  selection.take_last(1);
  EXPECT_EQ(entries(selection), (std::vector<std::uint32_t>{2}));
}

}  // namespace
}  // namespace crayon::context
