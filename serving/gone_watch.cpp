#include "serving/gone_watch.h"

#include <chrono>

#include "base/start_thread.h"

namespace crayon::serving {

GoneWatch::GoneWatch(const transport::Responder& responder, const std::atomic<bool>& stopping,
                     std::atomic<bool>& cancelled)
    : thread_(start_thread([this, &responder, &stopping, &cancelled] {
        constexpr std::chrono::milliseconds interval(20);
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, interval, [this] { return done_; })) {
          if (stopping || responder.gone()) {
            cancelled = true;
            return;
          }
        }
      })) {}

GoneWatch::~GoneWatch() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

}  // namespace crayon::serving
