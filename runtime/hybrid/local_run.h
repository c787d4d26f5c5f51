#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "runtime/generation/generator.h"

namespace crayon::hybrid {

/// A local answer that is being generated on a thread of its own.
class LocalRun {
 public:
  using Work = std::function<generation::Generated(const generation::OnText&)>;

  /// Starts `work`, which must stop when the function it is given returns false.
  explicit LocalRun(Work work);
  /// Cancels, and waits until the thread has ended.
  ~LocalRun();
  LocalRun(const LocalRun&) = delete;
  LocalRun& operator=(const LocalRun&) = delete;

  /// Hands over the text so far and then the rest as it comes, on this thread; returns at the
  /// end with the whole, or throws what `work` threw. To be called once at most.
  generation::Generated follow(const std::function<void(std::string_view)>& on_text);

 private:
  void run();

  Work work_;
  std::atomic<bool> cancelled_ = false;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::string unread_;
  bool done_ = false;
  generation::Generated result_;
  std::exception_ptr error_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace crayon::hybrid
