#include "runtime/hybrid/safety_net.h"

#include <utility>

namespace crayon::hybrid {

SafetyNet::SafetyNet(LocalRun::Work work, std::chrono::milliseconds delay)
    : delay_(delay),
      run_([this, work = std::move(work)](const generation::OnProgress& on_progress) {
        if (!wait()) {
          generation::Generated none;
          none.finish = generation::Finish::cancelled;
          return none;
        }
        return work(on_progress);
      }) {}

void SafetyNet::open(Gate gate) {
  {
    const std::lock_guard lock(mutex_);
    gate_ = gate;
  }
  changed_.notify_all();
}

/// False: nobody wants the answer.
bool SafetyNet::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, delay_, [this] { return gate_ != Gate::closed; });
  return gate_ != Gate::cancelled;
}

}  // namespace crayon::hybrid
