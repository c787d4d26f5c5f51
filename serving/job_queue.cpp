#include "serving/job_queue.h"

#include <utility>

namespace crayon::serving {

bool JobQueue::push(Job& job) {
  const std::lock_guard lock(mutex_);
  const std::size_t room = limit_ + poppers_;  // who waits for a job takes one at once
  if (jobs_.size() >= room) {
    std::erase_if(jobs_, [](const Job& waiting) { return waiting.responder->gone(); });
  }
  if (closed_ || jobs_.size() >= room) {
    return false;
  }
  jobs_.push_back(std::move(job));
  changed_.notify_one();
  return true;
}

std::optional<Job> JobQueue::pop() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++poppers_;
    changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    --poppers_;
    if (closed_) {
      return std::nullopt;
    }
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    if (!job.responder->gone()) {
      return job;
    }
  }
}

void JobQueue::close() {
  std::deque<Job> dropped;  // destroyed outside the lock: a responder may do work then
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(jobs_);
  }
  changed_.notify_all();
}

std::size_t JobQueue::size() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

}  // namespace crayon::serving
