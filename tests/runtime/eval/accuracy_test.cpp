#include "runtime/eval/accuracy.h"

#include <gtest/gtest.h>

#include <cmath>

namespace crayon::eval {
namespace {

TEST(Accuracy, CountsByTaskInTheOrderTheyCome) {
  std::vector<TaskScore> scores;
  count(scores, "wires", true);
  count(scores, "logs", false);
  count(scores, "wires", false);
  count(scores, "wires", true);
  ASSERT_EQ(scores.size(), 2u);
  EXPECT_EQ(scores[0].task, "wires");
  EXPECT_EQ(scores[0].items, 3u);
  EXPECT_DOUBLE_EQ(scores[0].accuracy(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(scores[0].standard_error(), std::sqrt(2.0 / 9 / 2));
  EXPECT_DOUBLE_EQ(scores[1].accuracy(), 0);
  EXPECT_DOUBLE_EQ(scores[1].standard_error(), 0);
  EXPECT_DOUBLE_EQ(mean_accuracy(scores), 1.0 / 3);
}

TEST(Accuracy, OfNothingIsZero) {
  EXPECT_EQ(mean_accuracy({}), 0);
  EXPECT_EQ(TaskScore().accuracy(), 0);
}

}  // namespace
}  // namespace crayon::eval
