#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace crayon {

/// A fixed set of threads that share the work of one caller at a time.
class ThreadPool {
 public:
  /// `threads` counts the calling thread: 1 starts none. Throws bad_argument for 0.
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t size() const { return workers_.size() + 1; }

  /// Runs work(begin, end) on ranges that cover [0, count) and returns when all are done. Range
  /// borders are multiples of `grain` (but the last). `work` must not throw. Which thread runs
  /// which range never changes a result, as ranges write apart from each other.
  void parallel_for(std::size_t count, std::size_t grain,
                    const std::function<void(std::size_t begin, std::size_t end)>& work);

 private:
  void run_worker(std::size_t index);
  void run_share(std::size_t index) const;

  std::vector<std::thread> workers_;
  std::mutex caller_;  // one parallel_for at a time
  std::mutex mutex_;   // guards what follows
  std::condition_variable start_;
  std::condition_variable done_;
  std::size_t generation_ = 0;
  std::size_t running_ = 0;
  bool stopping_ = false;
  std::size_t count_ = 0;
  std::size_t grain_ = 1;
  const std::function<void(std::size_t, std::size_t)>* work_ = nullptr;
};

/// Threads to use when the user names no number: the processors this process may run on.
std::size_t default_threads();

}  // namespace crayon
