#pragma once

#include <functional>
#include <string>
#include <thread>

#include "runtime/generation/progress_queue.h"

namespace crayon::hybrid {

/// A local answer that is being generated on a thread of its own.
class LocalRun {
 public:
  using Work = std::function<generation::Generated(const generation::OnProgress&)>;

  /// Starts `work`, which must stop when the function it is given returns false.
  explicit LocalRun(Work work);
  /// Cancels, and waits until the thread has ended.
  ~LocalRun();
  LocalRun(const LocalRun&) = delete;
  LocalRun& operator=(const LocalRun&) = delete;

  /// Hands over the progress so far and then the rest as it comes, on this thread; returns at the
  /// end with the whole, or throws what `work` threw. To be called once at most.
  generation::Generated follow(const generation::OnProgress& on_progress) {
    return queue_.follow(on_progress);
  }

 private:
  void run();

  Work work_;
  generation::ProgressQueue queue_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace crayon::hybrid
