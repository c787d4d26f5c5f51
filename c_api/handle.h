#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/memory_source.h"
#include "c_api/runtime_state.h"

namespace crayon::c_api {

/// What a handle is. The numbers are unlikely to stand by chance at the beginning of something
/// else.
enum class Kind : std::uint32_t {
  runtime = 0xc7a70001,
  cancel = 0xc7a70002,
  model = 0xc7a70003,
  adapter = 0xc7a70004,
  pool = 0xc7a70005,
  session = 0xc7a70006,
  assistant = 0xc7a70007,
  encoder = 0xc7a70008,
};

/// "a session": a kind in a sentence.
std::string in_words(Kind kind);

/// What a caller holds a pointer to. When it is closed it lets go of all that it holds, and stays
/// behind as a tombstone for some time, so that using it is an error and not a fault.
class Handle {
 public:
  Handle(Kind kind, std::shared_ptr<RuntimeState> runtime)
      : kind_(kind), runtime_(std::move(runtime)) {}
  virtual ~Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  Kind kind() const { return kind_; }
  /// Throws bad_argument when it is of another kind.
  void check_kind(Kind kind) const;
  RuntimeState& runtime() const { return *runtime_; }
  const std::shared_ptr<RuntimeState>& shared_runtime() const { return runtime_; }

  /// Takes note of a call that begins. Throws closed, and busy for one that wants it alone while
  /// another is at work.
  void enter(bool alone);
  void leave() { calls_.fetch_sub(1, std::memory_order_release); }
  /// Throws closed or busy; afterwards nobody enters.
  void shut();
  /// Lets go of what is held, once shut.
  virtual void release() = 0;
  /// The runtime, which keeps a tombstone and so must not be kept by it.
  std::shared_ptr<RuntimeState> leave_runtime() { return std::move(runtime_); }

 private:
  static constexpr std::int32_t shut_down = -1;

  const Kind kind_;
  std::atomic<std::int32_t> calls_{0};  // at work, or shut_down
  std::shared_ptr<RuntimeState> runtime_;
};

/// A handle in use by a call, and the runtime's memory as that of this thread.
template <typename Typed>
class Use {
 public:
  /// Throws bad_argument for null or something else, and what Handle::enter() does.
  explicit Use(Typed* handle) : handle_(checked(handle)), memory_(handle->runtime().memory()) {}
  ~Use() { handle_->leave(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  Typed* operator->() const { return handle_; }
  Typed& operator*() const { return *handle_; }

 private:
  static Typed* checked(Typed* handle) {
    check_not_null(handle, in_words(Typed::its_kind));
    handle->check_kind(Typed::its_kind);
    handle->enter(Typed::one_call_at_a_time);
    return handle;
  }

  Typed* handle_;
  UseMemorySource memory_;
};

/// Gives a new handle to the caller.
template <typename Typed>
void hand_out(std::unique_ptr<Typed> handle, Typed** out) {
  handle->runtime().opened();
  *out = handle.release();
}

/// Closes a handle other than a runtime; null is none.
template <typename Typed>
void close(Typed* handle) {
  if (handle == nullptr) {
    return;
  }
  handle->check_kind(Typed::its_kind);
  handle->shut();
  handle->release();  // in front of the runtime, whose allocator takes memory back
  handle->leave_runtime()->closed(std::unique_ptr<Handle>(handle));
}

}  // namespace crayon::c_api
