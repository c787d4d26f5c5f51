#include "runtime/hybrid/local_run.h"

#include <exception>
#include <utility>

#include "base/start_thread.h"

namespace crayon::hybrid {

LocalRun::LocalRun(Work work) : work_(std::move(work)) {
  thread_ = start_thread([this] { run(); });
}

LocalRun::~LocalRun() {
  queue_.cancel();
  thread_.join();
}

void LocalRun::run() {
  try {
    queue_.finish(
        work_([this](const generation::Progress& progress) { return queue_.push(progress); }));
  } catch (...) {
    queue_.fail(std::current_exception());
  }
}

}  // namespace crayon::hybrid
