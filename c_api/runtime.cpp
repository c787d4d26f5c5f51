#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "c_api/call.h"
#include "c_api/cancel.h"
#include "c_api/runtime.h"
#include "c_api/structs.h"

using namespace crayon;
using namespace crayon::c_api;

namespace crayon::c_api {

void check_not_null(const void* pointer, const std::string& what) {
  if (pointer == nullptr) {
    throw Error(Code::bad_argument, "NULL was given where there must be " + what,
                "crayon.h says which arguments may be NULL");
  }
}

RuntimeState::RuntimeState(const crayon_runtime_options& options)
    : source_{options.allocator.user, options.allocator.allocate, options.allocator.release},
      log_(options.log),
      log_user_(options.log_user) {
  if ((source_.allocate == nullptr) != (source_.release == nullptr)) {
    throw Error(Code::bad_argument, "an allocator needs both functions",
                "set allocate and release, or none of them");
  }
}

RuntimeState::~RuntimeState() = default;

void RuntimeState::log(int level, const std::string& line) const {
  if (log_ != nullptr) {
    try {
      log_(log_user_, level, line.c_str());
    } catch (...) {  // NOLINT(bugprone-empty-catch): what is logged must not decide what is done
    }
  }
}

void RuntimeState::opened() {
  const std::lock_guard lock(mutex_);
  ++open_;
}

void RuntimeState::closed(std::unique_ptr<Handle> handle) {
  const std::lock_guard lock(mutex_);
  --open_;
  closed_.push_back(std::move(handle));
  if (closed_.size() > remembered) {
    closed_.pop_front();
  }
}

void RuntimeState::check_none_open() const {
  const std::lock_guard lock(mutex_);
  if (open_ != 0) {
    throw Error(Code::busy, std::to_string(open_) + " handles of the runtime are open",
                "close them first");
  }
}

}  // namespace crayon::c_api

const char* crayon_code_name(crayon_code code) {
  return code == CRAYON_OK ? "ok" : code_name(static_cast<Code>(code));
}

const char* crayon_version() {
  return CRAYON_VERSION;
}

void crayon_text_free(char* text) {
  std::free(text);
}

crayon_code crayon_runtime_open(const crayon_runtime_options* options, crayon_runtime** runtime,
                                crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(runtime, "a place for the runtime");
    *runtime = new crayon_runtime(
        std::make_shared<RuntimeState>(read_options(options, "crayon_runtime_options")));
  });
}

crayon_code crayon_runtime_close(crayon_runtime* runtime) {
  return guarded(nullptr, [&] {
    if (runtime == nullptr) {
      return;
    }
    runtime->check_kind(Kind::runtime);
    runtime->runtime().check_none_open();
    runtime->shut();
    delete runtime;
  });
}

crayon_code crayon_cancel_open(crayon_runtime* runtime, crayon_cancel** cancel,
                               crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(cancel, "a place for the switch");
    const Use use(runtime);
    hand_out(std::make_unique<crayon_cancel>(use->shared_runtime()), cancel);
  });
}

crayon_code crayon_cancel_set(crayon_cancel* cancel, int32_t on) {
  return guarded(nullptr, [&] { Use(cancel)->set(on != 0); });
}

crayon_code crayon_cancel_close(crayon_cancel* cancel) {
  return guarded(nullptr, [&] { close(cancel); });
}
