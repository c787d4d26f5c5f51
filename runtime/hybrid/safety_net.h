#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "runtime/hybrid/local_run.h"

namespace crayon::hybrid {

/// The local answer behind a remote one: it begins when it is called for, or when there would not
/// be enough time for it later on.
class SafetyNet {
 public:
  /// `work` as LocalRun takes it; it begins after `delay` at the latest.
  SafetyNet(LocalRun::Work work, std::chrono::milliseconds delay);
  /// Cancels, and waits until the thread has ended.
  ~SafetyNet() { open(Gate::cancelled); }
  SafetyNet(const SafetyNet&) = delete;
  SafetyNet& operator=(const SafetyNet&) = delete;

  /// Begins if it has not yet; as LocalRun::follow.
  generation::Generated follow(const generation::OnProgress& on_progress) {
    open(Gate::open);
    return run_.follow(on_progress);
  }

 private:
  enum class Gate : std::uint8_t { closed, open, cancelled };

  void open(Gate gate);
  bool wait();

  const std::chrono::milliseconds delay_;
  std::mutex mutex_;  // guards gate_
  std::condition_variable changed_;
  Gate gate_ = Gate::closed;
  LocalRun run_;  // last: it uses all of the above
};

}  // namespace crayon::hybrid
