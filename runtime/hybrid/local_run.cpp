#include "runtime/hybrid/local_run.h"

#include <exception>
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
