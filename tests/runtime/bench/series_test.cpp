#include "runtime/bench/series.h"

#include <gtest/gtest.h>

namespace crayon::bench {
namespace {

/// A second of `tokens` tokens that begins at `begin`.
Sample second(double begin, std::uint64_t tokens) {
  Sample sample;
  sample.begin = begin;
  sample.end = begin + 1;
  sample.decode = {tokens, 1.0};
  return sample;
}

/// A series of `seconds` seconds, as many tokens each as `tokens_at` says.
template <typename Function>
Series series_of(int seconds, Function tokens_at, std::size_t limit = 600) {
  Series series(limit);
  for (int i = 0; i < seconds; ++i) {
    series.add(second(i, tokens_at(i)), {});
  }
  return series;
}

TEST(Work, OfNothingHasNoSpeed) {
  EXPECT_FALSE((Work{0, 1}).speed());
  EXPECT_FALSE((Work{1, 0}).speed());
  EXPECT_DOUBLE_EQ((Work{6, 1.5}).speed().value(), 4);
}

TEST(Series, StaysBoundedAndLosesNoToken) {
  const Series series = series_of(
      5000, [](int) { return 3; }, 64);
  EXPECT_GE(series.samples().size(), 32u);
  EXPECT_LE(series.samples().size(), 64u);
  EXPECT_EQ(series.whole().decode.tokens, 15000u);
  EXPECT_DOUBLE_EQ(series.whole().end, 5000);
  double end = 0;
  for (const Sample& sample : series.samples()) {
    EXPECT_DOUBLE_EQ(sample.begin, end) << "no gap and no overlap";
    end = sample.end;
  }
}

TEST(Series, NeighboursKeepTheHighestHeatAndTheMeanClock) {
  Sample a = second(0, 1), b = second(1, 1);
  b.end = 4;
  a.degrees = 50;
  b.degrees = 48;
  a.khz = 1000;
  b.khz = 2000;
  b.watts = 3;
  b.slowed = true;
  const Sample both = merged(a, b);
  EXPECT_DOUBLE_EQ(both.degrees.value(), 50);
  EXPECT_DOUBLE_EQ(both.khz.value(), (1000 + 3 * 2000) / 4.0);
  EXPECT_DOUBLE_EQ(both.watts.value(), 3) << "what one of them does not know";
  EXPECT_TRUE(both.slowed);
}

TEST(Series, TheFirstMinuteAndTheLastSurviveMerging) {
  const auto tokens = [](int i) { return i < 60 ? 10u : i >= 4940 ? 4u : 7u; };
  const Series series = series_of(5000, tokens, 16);
  EXPECT_DOUBLE_EQ(series.window(), 60);
  EXPECT_EQ(series.first().size(), 60u);
  EXPECT_EQ(series.last().size(), 60u);
  EXPECT_DOUBLE_EQ(speed_of(series.first(), &Sample::decode)->mean, 10);
  EXPECT_DOUBLE_EQ(speed_of(series.last(), &Sample::decode)->mean, 4);
  EXPECT_DOUBLE_EQ(speed_of(series.last(), &Sample::decode)->deviation.value(), 0);
  EXPECT_FALSE(speed_of(series.last(), &Sample::prefill));
}

TEST(Series, OfAShortRunTheHalvesAreCompared) {
  const Series series = series_of(20, [](int i) { return i < 10 ? 8u : 6u; });
  EXPECT_DOUBLE_EQ(series.window(), 10);
  EXPECT_DOUBLE_EQ(speed_of(series.first(), &Sample::decode)->mean, 8);
  EXPECT_DOUBLE_EQ(speed_of(series.last(), &Sample::decode)->mean, 6);
}

TEST(Series, OneSampleIsFirstAndLast) {
  const Series series = series_of(1, [](int) { return 5; });
  EXPECT_EQ(series.first().size(), 1u);
  EXPECT_EQ(series.last().size(), 1u);
  EXPECT_FALSE(speed_of(series.last(), &Sample::decode)->deviation) << "of one sample";
  EXPECT_TRUE(Series().first().empty());
  EXPECT_TRUE(Series().last().empty());
}

TEST(Series, TheLowestSpeedIsThatOfTenSeconds) {
  // A hole of ten seconds, and one second of standstill that is no more than noise.
  const Series series = series_of(100, [](int i) {
    return i >= 40 && i < 50 ? 5u : i == 80 ? 0u : 10u;
  });
  EXPECT_DOUBLE_EQ(series.lowest(&Sample::decode)->speed, 5);
  EXPECT_DOUBLE_EQ(series.lowest(&Sample::decode)->end, 50);
  EXPECT_FALSE(series.lowest(&Sample::prefill));
  EXPECT_FALSE(series_of(9, [](int) { return 1; }).lowest(&Sample::decode));
}

TEST(Series, ThrottlingIsToldWhenItChanges) {
  Series series;
  EXPECT_FALSE(series.knows_throttling());
  const char* states[] = {"no", "throttled now", "throttled now", "throttled before"};
  for (int i = 0; i < 4; ++i) {
    Condition condition;
    condition.throttling = states[i];
    series.add(second(i, 1), condition);
  }
  EXPECT_TRUE(series.knows_throttling());
  ASSERT_EQ(series.throttling().size(), 2u);
  EXPECT_DOUBLE_EQ(series.throttling()[0].seconds, 2);
  EXPECT_EQ(series.throttling()[0].what, "throttled now");
  EXPECT_EQ(series.throttling()[1].what, "throttled before");
  EXPECT_FALSE(series.samples()[0].slowed);
  EXPECT_TRUE(series.samples()[2].slowed);
  EXPECT_FALSE(series.samples()[3].slowed);
}

TEST(Series, CondensesIntoPartsOfAboutEqualLength) {
  const Series series = series_of(100, [](int) { return 2; });
  const std::vector<Sample> parts = series.condensed(12);
  ASSERT_EQ(parts.size(), 12u);
  std::uint64_t tokens = 0;
  for (const Sample& part : parts) {
    EXPECT_NEAR(part.seconds(), 100 / 12.0, 1);
    tokens += part.decode.tokens;
  }
  EXPECT_EQ(tokens, 200u);
  EXPECT_EQ(series.condensed(1000).size(), 100u);
  EXPECT_TRUE(Series().condensed(3).empty());
}

}  // namespace
}  // namespace crayon::bench
