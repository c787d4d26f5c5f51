#include "runtime/hybrid/local_run.h"

#include <system_error>
#include <utility>

#include "base/error.h"

namespace crayon::hybrid {

LocalRun::LocalRun(Work work) : work_(std::move(work)) {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    throw Error(Code::out_of_memory, std::string("cannot start a thread: ") + error.what());
  }
}

LocalRun::~LocalRun() {
  cancelled_ = true;
  thread_.join();
}

void LocalRun::run() {
  generation::Generated result;
  std::exception_ptr error;
  try {
    result = work_([this](std::string_view text) {
      if (!text.empty()) {
        const std::lock_guard lock(mutex_);
        unread_ += text;
        changed_.notify_one();
      }
      return !cancelled_;
    });
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  result_ = std::move(result);
  error_ = error;
  done_ = true;
  changed_.notify_one();
}

generation::Generated LocalRun::follow(const std::function<void(std::string_view)>& on_text) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return done_ || !unread_.empty(); });
    const std::string text = std::exchange(unread_, {});
    const bool last = done_;
    lock.unlock();
    if (!text.empty()) {
      on_text(text);
    }
    lock.lock();
    if (last) {
      break;
    }
  }
  if (error_) {
    std::rethrow_exception(error_);
  }
  return std::move(result_);
}

}  // namespace crayon::hybrid
