#include "transport/loop_thread.h"

#include <pthread.h>

#include <csignal>
#include <exception>
#include <utility>

#include "base/start_thread.h"

namespace crayon::transport {

TaskQueue::TaskQueue(Loop& loop)
    : async_(make_async(loop, this, [](uv_async_t* async) {
        if (async->data != nullptr) {
          static_cast<TaskQueue*>(async->data)->run_all();
        }
      })) {}

bool TaskQueue::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (!async_) {
    return false;
  }
  tasks_.push_back(std::move(task));
  uv_async_send(async_.get());
  return true;
}

void TaskQueue::close() {
  std::vector<Task> dropped;  // freed without the lock: they may own what posts
  const std::lock_guard lock(mutex_);
  dropped = std::exchange(tasks_, {});
  async_.reset();
}

void TaskQueue::run_all() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks = std::exchange(tasks_, {});
  }
  for (const Task& task : tasks) {
    try {
      task();
    } catch (const std::exception&) {  // the task's own to handle; no C frame may be unwound
    }
  }
}

LoopThread::LoopThread() : tasks_(std::make_shared<TaskQueue>(loop_)) {}

LoopThread::~LoopThread() {
  stop([] {});
}

void LoopThread::stop(const TaskQueue::Task& last) {
  const std::lock_guard lock(starting_);
  if (!thread_.joinable()) {
    last();
    tasks_->close();
    return;
  }
  tasks_->post([this, last] {
    last();
    tasks_->close();
  });
  thread_.join();
}

void LoopThread::post(TaskQueue::Task task) {
  start();
  tasks_->post(std::move(task));
}

void LoopThread::start() {
  const std::lock_guard lock(starting_);
  if (thread_.joinable()) {
    return;
  }
  // A thread inherits the mask: signals go to the program's own threads, SIGPIPE to nobody.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::exception_ptr trouble;
  try {
    thread_ = start_thread([this] { loop_.run(); });
  } catch (...) {
    trouble = std::current_exception();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (trouble) {
    std::rethrow_exception(trouble);
  }
}

}  // namespace crayon::transport
