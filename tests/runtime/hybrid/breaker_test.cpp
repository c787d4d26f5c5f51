#include "runtime/hybrid/breaker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace crayon::hybrid {
namespace {

using namespace std::chrono_literals;
using State = Breaker::State;

class BreakerTest : public testing::Test {
 protected:
  void fail() {
    auto permit = breaker_.enter();
    ASSERT_TRUE(permit);
    permit->failed();
  }
  void succeed() {
    auto permit = breaker_.enter();
    ASSERT_TRUE(permit);
    permit->succeeded();
  }
  void open() {
    fail();
    fail();
    ASSERT_EQ(breaker_.state(), State::open);
  }

  SteadyTime time_;
  Breaker breaker_{{.failures = 2, .pause = 10s, .longest_pause = 25s}, [this] { return time_; }};
};

TEST_F(BreakerTest, OpensAfterFailuresInARow) {
  fail();
  succeed();  // they start anew
  fail();
  EXPECT_FALSE(breaker_.refuses());
  fail();
  EXPECT_EQ(breaker_.state(), State::open);
  EXPECT_TRUE(breaker_.refuses());
  EXPECT_FALSE(breaker_.enter());
}

TEST_F(BreakerTest, LetsOneTryWhenThePauseIsOver) {
  open();
  time_ += 9999ms;
  EXPECT_FALSE(breaker_.enter());
  time_ += 1ms;
  EXPECT_FALSE(breaker_.refuses());
  auto trial = breaker_.enter();
  ASSERT_TRUE(trial);
  EXPECT_EQ(breaker_.state(), State::half_open);
  EXPECT_TRUE(breaker_.refuses());
  EXPECT_FALSE(breaker_.enter());
  trial->succeeded();
  EXPECT_EQ(breaker_.state(), State::closed);
  succeed();
}

TEST_F(BreakerTest, ATrialThatFailsDoublesThePause) {
  open();
  for (const auto pause : {10s, 20s, 25s, 25s}) {
    time_ += pause - 1ms;
    EXPECT_FALSE(breaker_.enter());
    time_ += 1ms;
    fail();
    EXPECT_EQ(breaker_.state(), State::open);
  }
  time_ += 25s;
  succeed();
  open();  // and starts anew
  time_ += 10s;
  EXPECT_TRUE(breaker_.enter());
}

TEST_F(BreakerTest, ATrialWithoutAVerdictLetsTheNextOneTry) {
  open();
  time_ += 10s;
  { const auto cancelled = breaker_.enter(); }
  EXPECT_EQ(breaker_.state(), State::half_open);
  succeed();
  EXPECT_EQ(breaker_.state(), State::closed);
}

TEST_F(BreakerTest, VerdictsFromBeforeAChangeMeanNothing) {
  auto early = breaker_.enter();
  auto other = breaker_.enter();
  open();
  early->succeeded();
  EXPECT_EQ(breaker_.state(), State::open);
  time_ += 10s;
  auto trial = breaker_.enter();
  other->failed();
  EXPECT_EQ(breaker_.state(), State::half_open);
  trial->succeeded();
  EXPECT_EQ(breaker_.state(), State::closed);
}

TEST(Breaker, NoFailureOpensOneThatHasNoLimit) {
  Breaker breaker({.failures = 0});
  for (int i = 0; i < 10; ++i) {
    breaker.enter()->failed();
  }
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST(Breaker, OneOfManyThreadsTries) {
  std::atomic<std::int64_t> seconds = 0;
  Breaker breaker({.failures = 1, .pause = 10s},
                  [&] { return SteadyTime(std::chrono::seconds(seconds)); });
  breaker.enter()->failed();
  seconds = 10;
  std::atomic<int> entered = 0;
  std::atomic<int> asked = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto permit = breaker.enter();
      entered += permit ? 1 : 0;
      ++asked;
      while (asked < 4) {
        std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(entered, 1);
}

}  // namespace
}  // namespace crayon::hybrid
