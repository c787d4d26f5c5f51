#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/generation/generated.h"

namespace crayon::generation {

/// An answer's progress from the thread that makes it to the one that waits for it. The maker never
/// waits; what has not been looked at is bounded by the answer itself.
class ProgressQueue {
 public:
  // The maker's side.
  /// False: nobody wants the answer any longer.
  bool push(const Progress& progress);
  void finish(Generated result);
  void fail(std::exception_ptr error);

  // The side that waits.
  /// Hands over what is there and then the rest as it comes, on this thread; now and then nothing,
  /// so that `on_progress`, which may be empty, can end the answer while it waits for its turn.
  /// Returns at the end with the whole, or throws what the maker or `on_progress` threw; then the
  /// answer is cancelled. To be called once at most.
  Generated follow(const OnProgress& on_progress);
  /// From any thread.
  void cancel() { cancelled_ = true; }
  bool cancelled() const { return cancelled_; }

 private:
  struct Unread {
    std::string text;
    std::vector<Chosen> tokens;
    std::optional<Certainty> first;
    bool news = false;
  };

  Unread wait(bool& last);

  std::atomic<bool> cancelled_ = false;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Unread unread_;
  bool done_ = false;
  Generated result_;
  std::exception_ptr error_;
};

}  // namespace crayon::generation
