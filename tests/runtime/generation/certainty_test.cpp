#include "runtime/generation/certainty.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/support.h"

namespace crayon::generation {
namespace {

using Floats = std::vector<float>;

TEST(Certainty, IsThatOfTheSoftmax) {
  // Probabilities 0.5, 0.25, 0.125, 0.125.
  const float half = std::log(0.5f);
  const Certainty c = certainty(Floats{3 + 2 * half, 3 + half, 3 + 3 * half, 3 + 3 * half});
  EXPECT_NEAR(c.entropy, 1.75 * std::log(2.0), 1e-6);
  EXPECT_NEAR(c.margin, 0.25, 1e-6);
}

TEST(Certainty, OfEqualsIsNone) {
  const Certainty c = certainty(Floats(8, -5.0f));
  EXPECT_NEAR(c.entropy, std::log(8.0), 1e-12);
  EXPECT_EQ(c.margin, 0.0);
}

TEST(Certainty, OfOneIsAll) {
  EXPECT_EQ(certainty(Floats{2}).margin, 1.0);
  EXPECT_EQ(certainty(Floats{2}).entropy, 0.0);
  const Certainty sure = certainty(Floats{0, 500, -500});
  EXPECT_NEAR(sure.margin, 1.0, 1e-12);
  EXPECT_NEAR(sure.entropy, 0.0, 1e-12);
}

TEST(Certainty, TakesWhatIsNoNumberAsImpossible) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  const Certainty c = certainty(Floats{nan, 1, 1, -infinite});
  EXPECT_NEAR(c.entropy, std::log(2.0), 1e-12);
  EXPECT_EQ(c.margin, 0.0);
  EXPECT_NEAR(certainty(Floats{nan, nan}).entropy, std::log(2.0), 1e-12);
  EXPECT_EQ(certainty(Floats{nan, nan}).margin, 0.0);
  EXPECT_EQ(test::code_of([] { certainty({}); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::generation
