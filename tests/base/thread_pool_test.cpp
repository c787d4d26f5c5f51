#include "base/thread_pool.h"

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "base/work_ranges.h"
#include "tests/support/support.h"

namespace crayon {
namespace {

using test::code_of;

/// Waits, though not for ever, until `ready`. Says whether it came to that.
template <typename Ready>
bool wait_until(const Ready& ready) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!ready()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

TEST(WorkRanges, AnOwnerClaimsShrinkingSharesOfItsRange) {
  WorkRanges ranges(2);
  ranges.distribute(11);
  std::vector<std::uint32_t> borders;
  for (WorkRange range = ranges.claim(0); range.size() != 0; range = ranges.claim(0)) {
    borders.push_back(range.begin);
    borders.push_back(range.end);
  }
  EXPECT_EQ(borders, (std::vector<std::uint32_t>{0, 3, 3, 4, 4, 5}));
  EXPECT_EQ(ranges.claim(1).begin, 5u);
}

TEST(WorkRanges, AThiefTakesFromTheBack) {
  WorkRanges ranges(3);
  ranges.distribute(12);
  const WorkRange stolen = ranges.steal(0);
  EXPECT_EQ(stolen.begin, 6u);
  EXPECT_EQ(stolen.end, 8u);
  EXPECT_EQ(ranges.steal(2).begin, 2u) << "it comes to the first one after the last";
}

TEST(WorkRanges, EveryNumberIsClaimedOnce) {
  for (std::size_t owners : {1, 2, 5}) {
    WorkRanges ranges(owners);
    for (std::uint32_t count : {0u, 1u, 4u, 1000u}) {
      ranges.distribute(count);
      std::set<std::uint32_t> seen;
      const auto add = [&](WorkRange range) {
        for (std::uint32_t i = range.begin; i < range.end; ++i) {
          EXPECT_TRUE(seen.insert(i).second) << i;
        }
        return range.size() != 0;
      };
      add(ranges.claim(owners - 1));
      while (add(ranges.steal(0))) {
      }
      while (add(ranges.claim(0))) {
      }
      EXPECT_EQ(seen.size(), count);
    }
  }
}

TEST(ThreadPool, CoversTheRangeOnceForEveryThreadCount) {
  for (std::size_t threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    for (std::size_t count : {0, 1, 5, 64, 1000}) {
      std::vector<std::atomic<int>> hits(count);
      pool.parallel_for(count, 4, [&](std::size_t begin, std::size_t end) {
        EXPECT_EQ(begin % 4, 0u);
        EXPECT_TRUE(end % 4 == 0 || end == count);
        for (std::size_t i = begin; i < end; ++i) {
          ++hits[i];
        }
      });
      for (const std::atomic<int>& hit : hits) {
        EXPECT_EQ(hit, 1);
      }
    }
  }
  EXPECT_EQ(code_of([] { ThreadPool(0); }), Code::bad_argument);
}

TEST(ThreadPool, CallsThatFollowEachOtherDoNotMix) {
  // Plain numbers, and other work in each call: late workers of an older one would be seen, by
  // this test or by ThreadSanitizer.
  for (std::size_t threads : {2, 4}) {
    ThreadPool pool(threads);
    for (std::size_t call = 1; call <= 3000; ++call) {
      const std::size_t count = 2 + call % 61;
      std::vector<std::size_t> hits(count, 0);
      pool.parallel_for(count, 1, [&hits, call](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          hits[i] += call;
        }
      });
      ASSERT_EQ(hits, std::vector<std::size_t>(count, call));
    }
  }
}

TEST(ThreadPool, SeveralCallersTakeTurns) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&pool] {
      for (int call = 0; call < 300; ++call) {
        std::vector<int> hits(50, 0);
        pool.parallel_for(hits.size(), 1, [&hits](std::size_t begin, std::size_t end) {
          for (std::size_t i = begin; i < end; ++i) {
            ++hits[i];
          }
        });
        ASSERT_EQ(hits, std::vector<int>(50, 1));
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
}

TEST(ThreadPool, AHeldUpThreadKeepsOnlyWhatItClaimed) {
  constexpr std::size_t count = 64;
  ThreadPool pool(2);
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<std::size_t> done_by_caller{0};
  std::atomic<std::size_t> held_by_worker{0};
  std::atomic<bool> in_time{true};
  pool.parallel_for(count, 1, [&](std::size_t begin, std::size_t end) {
    if (std::this_thread::get_id() == caller) {
      in_time = wait_until([&] { return held_by_worker != 0; }) && in_time;
      done_by_caller += end - begin;
    } else if (held_by_worker == 0) {
      held_by_worker = end - begin;
      in_time = wait_until([&] { return done_by_caller == count - held_by_worker; }) && in_time;
    }
  });
  EXPECT_TRUE(in_time);
  EXPECT_LE(held_by_worker, count / 4);
}

TEST(ThreadPool, WorksAgainAfterItsThreadsFellAsleep) {
  ThreadPool pool(2);
  const std::thread::id caller = std::this_thread::get_id();
  for (int call = 0; call < 3; ++call) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::atomic<bool> worker_came{false};
    std::atomic<bool> in_time{true};
    pool.parallel_for(2, 1, [&](std::size_t, std::size_t) {
      if (std::this_thread::get_id() != caller) {
        worker_came = true;
      } else {
        in_time = wait_until([&] { return worker_came.load(); });
      }
    });
    EXPECT_TRUE(in_time) << "the worker never woke up";
  }
}

TEST(ThreadPool, WaitsForAThreadThatIsLate) {
  ThreadPool pool(2);
  const std::thread::id caller = std::this_thread::get_id();
  int late = 0;  // plain: the end of the call must be what makes it seen
  std::atomic<bool> worker_came{false};
  pool.parallel_for(2, 1, [&](std::size_t, std::size_t) {
    if (std::this_thread::get_id() == caller) {
      wait_until([&] { return worker_came.load(); });
    } else {
      worker_came = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the caller sleeps by now
      late = 1;
    }
  });
  EXPECT_EQ(late, 1);
}

}  // namespace
}  // namespace crayon
