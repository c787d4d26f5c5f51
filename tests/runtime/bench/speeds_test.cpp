#include "runtime/bench/speeds.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/bench/statistics.h"

namespace crayon::bench {
namespace {

TEST(Statistics, QuantilesLieBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(median({3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_DOUBLE_EQ(quantile({0, 10}, 0.95), 9.5);
  EXPECT_DOUBLE_EQ(quantile({5}, 0.99), 5);
  EXPECT_DOUBLE_EQ(quantile({}, 0.5), 0);
}

TEST(Statistics, DeviationIsThatOfASample) {
  const std::vector<double> values{1, 2, 3, 4};
  EXPECT_DOUBLE_EQ(mean(values), 2.5);
  EXPECT_DOUBLE_EQ(deviation(values), std::sqrt(5.0 / 3));
  EXPECT_DOUBLE_EQ(deviation(std::vector<double>{7}), 0);
}

TEST(Speeds, AreTokensASecondOfEveryRepetition) {
  const Speeds speeds = speeds_of({512, 0}, {{2.0, 4.0, 1.0}, {}});
  EXPECT_EQ(speeds.samples, (std::vector<double>{256, 128, 512}));
  EXPECT_DOUBLE_EQ(speeds.median, 256);
  EXPECT_DOUBLE_EQ(speeds.mean, 896.0 / 3);
}

TEST(Speeds, TokenTimesAreMilliseconds) {
  Times times;
  for (int i = 0; i <= 100; ++i) {
    times.token_seconds.push_back(0.001 * i);
  }
  const TokenTimes tokens = token_times_of(times);
  EXPECT_NEAR(tokens.p50, 50, 1e-9);
  EXPECT_NEAR(tokens.p95, 95, 1e-9);
  EXPECT_NEAR(tokens.p99, 99, 1e-9);
}

TEST(Speeds, RatiosComparePairsThatRanSideBySide) {
  // A machine that got three times slower on the way: each pair says 2.
  EXPECT_DOUBLE_EQ(ratio({{1, 2, 3}, {}}, {{2, 4, 6}, {}}), 2);
}

}  // namespace
}  // namespace crayon::bench
