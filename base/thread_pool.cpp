#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>

#include "base/error.h"

namespace crayon {

ThreadPool::ThreadPool(std::size_t threads) {
  if (threads == 0) {
    throw Error(Code::bad_argument, "the number of threads is 0", "use at least one thread");
  }
  workers_.reserve(threads - 1);
  for (std::size_t index = 1; index < threads; ++index) {
    workers_.emplace_back([this, index] { run_worker(index); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  start_.notify_all();
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
  {
    const std::lock_guard lock(mutex_);
    count_ = count;
    grain_ = grain;
    work_ = &work;
    running_ = workers_.size();
    ++generation_;
  }
  start_.notify_all();
  run_share(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return running_ == 0; });
}

void ThreadPool::run_worker(std::size_t index) {
  std::size_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) {
        return;
      }
      seen = generation_;
    }
    run_share(index);
    {
      const std::lock_guard lock(mutex_);
      --running_;
    }
    done_.notify_one();
  }
}

void ThreadPool::run_share(std::size_t index) const {
  const std::size_t grains = (count_ + grain_ - 1) / grain_;
  const std::size_t begin = grains * index / size() * grain_;
  const std::size_t end = std::min(grains * (index + 1) / size() * grain_, count_);
  if (begin < end) {
    (*work_)(begin, end);
  }
}

std::size_t default_threads() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    return 1;
  }
  return std::max(1, CPU_COUNT(&allowed));
}

}  // namespace crayon
