#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "transport/dialer.h"
#include "transport/http_client.h"
#include "transport/patience.h"

namespace crayon::transport {

/// What a call asks for.
struct CallRequest {
  Route route;
  std::string message;  ///< as it goes over the wire
  bool head_only = false;
  Limits limits;
  bool keep_alive = true;
};

/// A request between the thread that waits for its reply and the loop that brings it. Body bytes
/// wait here until the caller takes them; when they are many, the loop stops reading.
class Call {
 public:
  explicit Call(CallRequest asked) : request(std::move(asked)) {}

  const CallRequest request;

  // On the loop.
  void put_head(int status, Headers headers);
  /// True when enough waits for the caller: bring no more until it asks for it.
  bool put_body(std::string_view bytes);
  void finish();
  void fail(const Error& error);

  /// On the caller's thread: the reply, or throws what came instead. `want_more` is called when
  /// the loop may have stopped reading.
  ClientResponse wait(const Patience& patience, const OnBody& on_body,
                      const std::function<void()>& want_more);
  /// The loop has nothing more to do for it.
  bool ended() const;

 private:
  /// What has come since the last time; waits for it.
  std::string take(const Patience& patience, bool& last, bool& was_full);

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable news_;
  ClientResponse response_;  // the head
  std::string waiting_;      // of the body
  bool full_ = false;        // the loop has been told to stop reading
  bool ended_ = false;
  // What to throw, in parts: an exception object is not shared between threads.
  struct Failure {
    Code code;
    std::string sentence;
    std::string hint;
  };
  std::optional<Failure> failure_;
};

}  // namespace crayon::transport
