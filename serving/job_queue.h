#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "runtime/hybrid/assistant.h"
#include "transport/http_server.h"

namespace crayon::serving {

/// A question that waits for its answer.
struct Job {
  std::vector<generation::Turn> turns;
  hybrid::AskOptions ask;
  bool stream = false;
  std::shared_ptr<transport::Responder> responder;
};

/// Between the event loop, which never waits, and the inference thread, which does.
class JobQueue {
 public:
  /// `limit`: jobs that may wait; 0 takes one only when the inference thread is waiting for it.
  explicit JobQueue(std::size_t limit) : limit_(limit) {}

  /// False when the queue is full; `job` is then untouched. Jobs whose client has gone make room.
  bool push(Job& job);
  /// Waits for the next job whose client is still there; nothing after close().
  std::optional<Job> pop();
  /// Ends every pop() and drops what waits, which closes those connections.
  void close();

 private:
  const std::size_t limit_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::size_t poppers_ = 0;  // threads that wait in pop()
  bool closed_ = false;
};

}  // namespace crayon::serving
