#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "transport/loop.h"

namespace crayon::transport {

/// The way from other threads into an event loop: tasks, run there in order. May outlive the loop
/// in many hands; then it drops what it is given.
class TaskQueue {
 public:
  using Task = std::function<void()>;

  explicit TaskQueue(Loop& loop);
  /// A task handles what it throws; it is lost here. False when the queue is closed.
  bool post(Task task);
  /// On the loop's thread: drops what waits, and lets go of the loop.
  void close();

 private:
  void run_all();

  std::mutex mutex_;
  Handle<uv_async_t> async_;
  std::vector<Task> tasks_;
};

/// An event loop on a thread of its own, which the first task starts. No signal is handled on
/// that thread, and none of its writes raises SIGPIPE.
class LoopThread {
 public:
  LoopThread();
  /// `last`: run on the loop before it ends, to close the handles that are open.
  void stop(const TaskQueue::Task& last);
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  Loop& loop() { return loop_; }
  const std::shared_ptr<TaskQueue>& tasks() const { return tasks_; }
  /// Throws io when there is no thread to be had.
  void post(TaskQueue::Task task);

 private:
  void start();

  Loop loop_;
  std::shared_ptr<TaskQueue> tasks_;
  std::mutex starting_;
  std::thread thread_;
};

}  // namespace crayon::transport
