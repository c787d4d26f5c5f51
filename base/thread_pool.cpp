#include "base/thread_pool.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/affinity.h"
#include "base/error.h"
#include "base/futex.h"
#include "base/start_thread.h"

namespace crayon {
namespace {

// How long a thread waits awake. Between two calls of one forward pass there are microseconds, and
// between two tokens some tens; waking a thread takes as long. Longer would burn, where another
// program wants the core, the time that the system would give us for work.
constexpr std::chrono::microseconds spin_time{50};

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  // `yield` takes no time on cores without SMT; this drains the pipeline.
  __asm__ volatile("isb" ::: "memory");
#endif
}

}  // namespace

ThreadPool::ThreadPool(std::size_t threads, std::vector<std::uint32_t> cpus)
    : cpus_(std::move(cpus)), ranges_(threads) {
  if (threads == 0) {
    throw Error(Code::bad_argument, "the number of threads is 0", "use at least one thread");
  }
  // With fewer processors than threads, who spins keeps another from doing what it waits for.
  spin_time_ = threads <= allowed_cpus().size() ? spin_time : spin_time.zero();
  workers_.reserve(threads - 1);
  try {
    for (std::size_t index = 1; index < threads; ++index) {
      workers_.push_back(start_thread([this, index] { run_worker(index); }));
    }
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() {
  stop();
}

void ThreadPool::stop() {
  stopping_ = true;
  ++calls_;
  futex_wake_all(calls_);
  for (std::thread& worker : workers_) {
    worker.join();
  }
}

void ThreadPool::parallel_for(std::size_t count, std::size_t grain,
                              const std::function<void(std::size_t, std::size_t)>& work) {
  if (count == 0) {
    return;
  }
  if (workers_.empty() || count <= grain) {
    work(0, count);
    return;
  }
  const std::lock_guard caller(caller_);
  while (count / grain >= std::numeric_limits<std::uint32_t>::max()) {
    grain *= 2;
  }
  const auto grains = static_cast<std::uint32_t>((count + grain - 1) / grain);
  job_ = {count, grain, &work};
  undone_.store(grains, std::memory_order_relaxed);
  ranges_.distribute(grains);
  ++calls_;
  // Both of this and of a worker that falls asleep first write, then look at what the other wrote:
  // one of them sees it.
  if (sleepers_ != 0) {
    futex_wake_all(calls_);
  }
  run_share(0);
  wait_until_done();
}

void ThreadPool::wait_until_done() {
  const auto done = [this] { return undone_.load(std::memory_order_acquire) == 0; };
  if (spin_until(done)) {
    return;
  }
  caller_sleeps_ = true;
  for (std::uint32_t undone = undone_; undone != 0; undone = undone_) {
    futex_wait(undone_, undone);
  }
  caller_sleeps_ = false;
}

void ThreadPool::report(std::uint32_t done) {
  if (undone_.fetch_sub(done) == done && caller_sleeps_) {
    futex_wake_all(undone_);
  }
}

void ThreadPool::run_worker(std::size_t index) {
  if (!cpus_.empty()) {
    pin_this_thread(cpus_);  // where the system refuses, it knows better
  }
  std::uint32_t seen = 0;
  while (true) {
    wait_for_call(seen);
    seen = calls_.load(std::memory_order_acquire);
    if (stopping_) {
      return;
    }
    run_share(index);
  }
}

void ThreadPool::wait_for_call(std::uint32_t seen) {
  if (spin_until([&] { return calls_.load(std::memory_order_acquire) != seen; })) {
    return;
  }
  ++sleepers_;
  while (calls_ == seen) {
    futex_wait(calls_, seen);
  }
  --sleepers_;
}

void ThreadPool::run_share(std::size_t index) {
  std::uint32_t done = 0;
  for (WorkRange own = ranges_.claim(index); own.size() != 0; own = ranges_.claim(index)) {
    run(own);
    done += own.size();
  }
  if (done != 0) {
    report(done);
  }
  for (WorkRange other = ranges_.steal(index); other.size() != 0; other = ranges_.steal(index)) {
    run(other);
    report(other.size());
  }
}

void ThreadPool::run(WorkRange grains) const {
  (*job_.work)(grains.begin * job_.grain, std::min(grains.end * job_.grain, job_.count));
}

template <typename Ready>
bool ThreadPool::spin_until(const Ready& ready) const {
  constexpr int looks_per_clock = 32;  // reading the clock takes as long as a few looks
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int look = 0; look < looks_per_clock; ++look) {
      if (ready()) {
        return true;
      }
      pause();
    }
  } while (std::chrono::steady_clock::now() - start < spin_time_);
  return false;
}

}  // namespace crayon
