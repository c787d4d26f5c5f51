#include "runtime/generation/progress_queue.h"

#include <chrono>
#include <utility>

namespace crayon::generation {
namespace {

/// How often one that waits is asked whether it still does.
constexpr std::chrono::milliseconds patience(20);

}  // namespace

bool ProgressQueue::push(const Progress& progress) {
  {
    const std::lock_guard lock(mutex_);
    unread_.text += progress.text;
    unread_.tokens.insert(unread_.tokens.end(), progress.tokens.begin(), progress.tokens.end());
    unread_.first = progress.first;
    unread_.news = true;
  }
  changed_.notify_one();
  return !cancelled_;
}

void ProgressQueue::finish(Generated result) {
  const std::lock_guard lock(mutex_);  // held while notifying: the queue may be gone right after
  result_ = std::move(result);
  done_ = true;
  changed_.notify_one();
}

void ProgressQueue::fail(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  error_ = std::move(error);
  done_ = true;
  changed_.notify_one();
}

ProgressQueue::Unread ProgressQueue::wait(bool& last) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return done_ || unread_.news; });
  last = done_;
  return std::exchange(unread_, {});
}

Generated ProgressQueue::follow(const OnProgress& on_progress) {
  bool last = false;
  try {
    while (!last) {
      const Unread unread = wait(last);
      const bool go_on = !on_progress || (last && !unread.news) ||
                         on_progress({unread.text, unread.tokens, unread.first});
      if (!go_on) {
        cancel();
      }
    }
  } catch (...) {
    cancel();
    throw;
  }
  if (error_) {
    std::rethrow_exception(error_);
  }
  return std::move(result_);
}

}  // namespace crayon::generation
