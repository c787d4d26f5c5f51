#include "runtime/hybrid/topics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/runtime/hybrid/ask_test.h"

namespace crayon::hybrid {
namespace {

using test::code_of;

/// Unit vectors of the plane, by their angles in degrees.
std::vector<float> at(const std::vector<double>& degrees) {
  std::vector<float> vectors;
  for (const double one : degrees) {
    vectors.push_back(static_cast<float>(std::cos(one * M_PI / 180)));
    vectors.push_back(static_cast<float>(std::sin(one * M_PI / 180)));
  }
  return vectors;
}

TEST(Topics, TheLeastOfTheNearestIsTheThreshold) {
  const Topics topics(at({0, 10, 40}), 2);
  EXPECT_NEAR(topics.threshold(), std::cos(30 * M_PI / 180), 1e-4);  // the third's nearest
  EXPECT_GE(topics.closeness(at({69})), topics.threshold());
  EXPECT_LT(topics.closeness(at({71})), topics.threshold());
  EXPECT_NEAR(topics.closeness(at({25})), std::cos(15 * M_PI / 180), 1e-6);
}

TEST(Topics, AnExampleIsAlwaysFound) {
  const Topics topics(at({0, 0.001}), 2);
  EXPECT_LE(topics.threshold(), 1 - 1e-6);
  EXPECT_GE(topics.closeness(at({0})), topics.threshold());
}

TEST(Topics, OneExampleSaysNothingOfWhatIsAlike) {
  EXPECT_EQ(code_of([] { Topics(at({0}), 2); }), Code::bad_argument);
  const test::TinyModel& tiny = test::TinyModel::get();
  const auto of = [&](std::vector<std::string> texts) {
    return Topics(tiny.model(), tiny.tokenizer(), std::move(texts));
  };
  EXPECT_EQ(code_of([&] { of({"twice", "twice"}); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { of({"one", "  "}); }), Code::bad_argument);
  EXPECT_LT(of({"my rash", "my rash!"}).threshold(), 1);
}

}  // namespace
}  // namespace crayon::hybrid
