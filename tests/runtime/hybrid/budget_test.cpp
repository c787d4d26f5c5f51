#include "runtime/hybrid/budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

namespace crayon::hybrid {
namespace {

using namespace std::chrono_literals;

class BudgetTest : public testing::Test {
 protected:
  Budget with(const BudgetLimits& limits) {
    return Budget(limits, [this] { return time_; });
  }
  SteadyTime time_ = SteadyTime(1234567s);
};

TEST_F(BudgetTest, WithoutLimitsAnythingGoes) {
  Budget budget = with({});
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(budget.take(1u << 30), "");
  }
}

TEST_F(BudgetTest, NoHourSeesMoreRequests) {
  Budget budget = with({.requests_per_hour = 2});
  EXPECT_EQ(budget.take(1), "");
  time_ += 30min;
  EXPECT_EQ(budget.take(1), "");
  EXPECT_EQ(budget.refusal(1), "the hour's 2 requests are used up");
  EXPECT_EQ(budget.take(1), "the hour's 2 requests are used up");
  time_ += 29min + 59s;  // an hour less a second since the first
  EXPECT_NE(budget.take(1), "");
  time_ += 2min;
  EXPECT_EQ(budget.take(1), "");
  EXPECT_NE(budget.take(1), "");  // the second one is not an hour ago
}

TEST_F(BudgetTest, BytesOfBothDirectionsCount) {
  Budget budget = with({.bytes_per_hour = 100, .bytes_per_day = 250});
  EXPECT_EQ(budget.take(60), "");
  EXPECT_EQ(budget.refusal(40), "");
  EXPECT_EQ(budget.refusal(41), "the hour's 100 bytes are used up");
  budget.add(50);  // the answer that it was
  EXPECT_EQ(budget.refusal(0), "the hour's 100 bytes are used up");
  time_ += 62min;
  EXPECT_EQ(budget.take(100), "");
  time_ += 62min;
  EXPECT_EQ(budget.take(41), "the day's 250 bytes are used up");
  EXPECT_EQ(budget.take(40), "");
  time_ += 24h + 2min;
  EXPECT_EQ(budget.take(100), "");
  EXPECT_NE(budget.take(std::numeric_limits<std::uint64_t>::max()), "");
}

TEST_F(BudgetTest, ManyThreadsTakeNoMoreThanThereIs) {
  Budget budget = with({.requests_per_hour = 100});
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        taken += budget.take(1).empty() ? 1 : 0;
        budget.add(1);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(taken, 100);
}

}  // namespace
}  // namespace crayon::hybrid
