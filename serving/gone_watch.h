#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "transport/http_server.h"

namespace crayon::serving {

/// While it lives, sets `cancelled` as soon as the client has gone or the server stops: nobody
/// waits for the answer any longer. A thread of its own looks, because the one that waits for a
/// remote model cannot.
class GoneWatch {
 public:
  /// All must outlive the watch.
  GoneWatch(const transport::Responder& responder, const std::atomic<bool>& stopping,
            std::atomic<bool>& cancelled);
  ~GoneWatch();
  GoneWatch(const GoneWatch&) = delete;
  GoneWatch& operator=(const GoneWatch&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace crayon::serving
