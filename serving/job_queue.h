#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "transport/http_server.h"

namespace crayon::serving {

/// A request that waits for a thread which may take its time.
struct Job {
  std::shared_ptr<transport::Responder> responder;
  /// Answers it. `cancelled` is set as soon as nobody wants the answer any longer. May throw before
  /// anything has been sent: what it throws becomes the reply.
  std::function<void(transport::Responder& responder, const std::atomic<bool>& cancelled)> run;
};

/// Between the event loop, which never waits, and the threads that answer, which do.
class JobQueue {
 public:
  /// `limit`: jobs that may wait; 0 takes one only when a thread is waiting for it.
  explicit JobQueue(std::size_t limit) : limit_(limit) {}

  /// False when the queue is full; `job` is then untouched. Jobs whose client has gone make room.
  bool push(Job& job);
  /// Waits for the next job whose client is still there; nothing after close().
  std::optional<Job> pop();
  /// Ends every pop() and drops what waits, which closes those connections.
  void close();
  /// Jobs that wait.
  std::size_t size() const;

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::size_t poppers_ = 0;  // threads that wait in pop()
  bool closed_ = false;
};

}  // namespace crayon::serving
