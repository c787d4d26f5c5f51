#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/work_ranges.h"

namespace crayon {

/// A fixed set of threads that share the work of one caller at a time, who works too.
///
/// Every thread begins with a contiguous range of its own, so that each reads one ascending stream
/// of memory, and takes from the others' when it is done. A call returns when all of its work is
/// done, whoever did it: a thread that the system does not run holds up nobody unless it had
/// already claimed something. Threads without work spin for a short while, as the next call mostly
/// comes within microseconds, and then sleep.
class ThreadPool {
 public:
  /// `threads` counts the calling thread: 1 starts none. Throws bad_argument for 0. The threads
  /// that it starts run on `cpus` alone, unless that is empty; its caller's is the caller's own
  /// affair (pin_this_thread).
  explicit ThreadPool(std::size_t threads, std::vector<std::uint32_t> cpus = {});
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t size() const { return workers_.size() + 1; }

  /// Runs work(begin, end) on ranges that cover [0, count) and returns when all are done. Range
  /// borders are multiples of `grain` (but the last), and `grain` is 1 or above. `work` must not
  /// throw. Which thread runs which range never changes a result, as ranges write apart from each
  /// other. Nothing is allocated.
  void parallel_for(std::size_t count, std::size_t grain,
                    const std::function<void(std::size_t begin, std::size_t end)>& work);

 private:
  /// What the grains of the call at hand are. Read only with a claimed grain in hand, as the call
  /// cannot end before that is done.
  struct Job {
    std::size_t count = 0;
    std::size_t grain = 1;
    const std::function<void(std::size_t, std::size_t)>* work = nullptr;
  };

  void stop();
  void run_worker(std::size_t index);
  void wait_for_call(std::uint32_t seen);
  void wait_until_done();
  /// Runs what this thread can claim, its own first.
  void run_share(std::size_t index);
  void run(WorkRange grains) const;
  void report(std::uint32_t done);

  template <typename Ready>
  bool spin_until(const Ready& ready) const;

  std::vector<std::thread> workers_;
  const std::vector<std::uint32_t> cpus_;
  std::chrono::nanoseconds spin_time_;
  std::mutex caller_;  // one parallel_for at a time
  Job job_;
  WorkRanges ranges_;
  std::atomic<bool> stopping_{false};

  alignas(128) std::atomic<std::uint32_t> calls_{0};   // what workers without work look at
  std::atomic<std::uint32_t> sleepers_{0};             // workers that sleep on calls_
  alignas(128) std::atomic<std::uint32_t> undone_{0};  // grains of this call
  std::atomic<bool> caller_sleeps_{false};             // on undone_
};

}  // namespace crayon
