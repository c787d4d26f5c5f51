// The router of one projection, against weights worked out by hand.

#include "runtime/model/token_router.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/support.h"

namespace crayon::model {
namespace {

using Floats = std::vector<float>;

/// Three experts of ranks 1, 2 and 1 behind a factor of nobody, on two inputs.
TokenRouter three() {
  return {.bounds = {1, 2, 4, 5},
          .directions = {1, 0, 0, 1, 0.6f, 0.8f},
          .top_k = 2,
          .temperature = 0.5f};
}

/// What a token x makes of ones.
Floats routed(const TokenRouter& router, const Floats& x) {
  Floats z(5, 1.0f);
  Floats scratch(TokenRouter::scratch(router.experts()));
  router.apply(x, z.data(), scratch.data(), kernels::by_name("scalar"));
  return z;
}

TEST(TokenRouter, TheBestExpertsShareTheTokenBySoftmax) {
  // Scores |3|, |-1| and |1.8 - 0.8|: the first, then the second, which comes before its equal.
  const float first = 1 / (1 + std::exp((1.0f - 3.0f) / 0.5f));
  const Floats z = routed(three(), {3, -1});
  EXPECT_EQ(z[0], 1.0f);
  EXPECT_NEAR(z[1], first, 1e-6);
  EXPECT_NEAR(z[2], 1 - first, 1e-6);
  EXPECT_NEAR(z[3], 1 - first, 1e-6);
  EXPECT_EQ(z[4], 0.0f);
}

TEST(TokenRouter, TheSignOfADirectionDoesNotMatter) {
  TokenRouter turned = three();
  for (float& value : turned.directions) {
    value = -value;
  }
  EXPECT_EQ(routed(turned, {3, -1}), routed(three(), {3, -1}));
}

TEST(TokenRouter, TheBestAloneTakesAll) {
  TokenRouter one = three();
  one.top_k = 1;
  EXPECT_EQ(routed(one, {0, 5}), (Floats{1, 0, 1, 1, 0}));
}

TEST(TokenRouter, AnExpertWithoutDirectionIsNeverChosen) {
  TokenRouter router = three();
  router.directions[2] = router.directions[3] = 0;
  router.top_k = 3;
  const Floats z = routed(router, {1, 1});
  EXPECT_EQ(z[2], 0.0f);
  EXPECT_NEAR(z[1] + z[4], 1, 1e-6);
  EXPECT_EQ(routed(router, {0, 0}), (Floats{1, 0, 0, 0, 0}));
}

TEST(TokenRouter, MoreThanThereAreAreAll) {
  TokenRouter router = three();
  router.top_k = 100;
  const Floats z = routed(router, {1, 1});
  EXPECT_NEAR(z[1] + z[2] + z[4], 1, 1e-6);
}

TEST(TokenRouter, RefusesWhatDoesNotFit) {
  const auto code = [](const auto& change) {
    TokenRouter router = three();
    change(router);
    return test::code_of([&] { router.check(5, 2, "q"); });
  };
  three().check(5, 2, "q");
  TokenRouter().check(0, 2, "q");
  EXPECT_EQ(code([](TokenRouter& r) { r.bounds = {1}; }), Code::bad_shape);
  EXPECT_EQ(code([](TokenRouter& r) { r.bounds.back() = 6; }), Code::bad_shape);
  EXPECT_EQ(code([](TokenRouter& r) { r.bounds[1] = 3, r.bounds[2] = 2; }), Code::bad_shape);
  EXPECT_EQ(code([](TokenRouter& r) { r.directions.pop_back(); }), Code::bad_shape);
  EXPECT_EQ(code([](TokenRouter& r) { r.top_k = 0; }), Code::bad_shape);
  EXPECT_EQ(code([](TokenRouter& r) { r.temperature = 0; }), Code::bad_shape);
  EXPECT_EQ(code([](TokenRouter& r) { r.temperature = NAN; }), Code::bad_shape);
}

}  // namespace
}  // namespace crayon::model
