#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "c_api/handle.h"

/// A switch that many calls can look at.
struct crayon_cancel final : crayon::c_api::Handle {
  static constexpr auto its_kind = crayon::c_api::Kind::cancel;
  static constexpr bool one_call_at_a_time = false;

  explicit crayon_cancel(std::shared_ptr<crayon::c_api::RuntimeState> state)
      : Handle(its_kind, std::move(state)) {}
  void release() override {}

  void set(bool on) {
    const std::lock_guard lock(mutex_);
    on_ = on;
    if (on) {
      for (std::atomic<bool>* call : calls_) {
        call->store(true);
      }
    }
  }
  void link(std::atomic<bool>& call) {
    const std::lock_guard lock(mutex_);
    calls_.insert(&call);
    call = on_;
  }
  void unlink(std::atomic<bool>& call) {
    const std::lock_guard lock(mutex_);
    calls_.erase(&call);
  }

 private:
  std::mutex mutex_;  // guards what follows
  bool on_ = false;
  std::set<std::atomic<bool>*> calls_;
};

namespace crayon::c_api {

/// Whether one call shall end: its callback says so, or a switch that it may have been given.
class Ending {
 public:
  /// `cancel` may be null. Throws as Use does.
  explicit Ending(crayon_cancel* cancel) {
    if (cancel != nullptr) {
      switch_.emplace(cancel);
      (*switch_)->link(flag_);
    }
  }
  ~Ending() {
    if (switch_) {
      (*switch_)->unlink(flag_);
    }
  }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

  void end() { flag_ = true; }
  const std::atomic<bool>& flag() const { return flag_; }

 private:
  std::optional<Use<crayon_cancel>> switch_;
  std::atomic<bool> flag_{false};
};

}  // namespace crayon::c_api
