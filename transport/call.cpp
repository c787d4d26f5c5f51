#include "transport/call.h"

#include <algorithm>
#include <utility>

namespace crayon::transport {
namespace {

/// So much of a body may wait for its caller: enough to keep a link busy, little beside a model.
constexpr std::size_t most_waiting = std::size_t{256} * 1024;

}  // namespace

void Call::put_head(int status, Headers headers) {
  const std::lock_guard lock(mutex_);
  response_.status = status;
  response_.headers = std::move(headers);
}

bool Call::put_body(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  waiting_.append(bytes);
  full_ = full_ || waiting_.size() > most_waiting;
  news_.notify_one();
  return full_;
}

void Call::finish() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  news_.notify_one();
}

void Call::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  failure_ = {error.code(), error.what(), error.hint()};
  ended_ = true;
  news_.notify_one();
}

bool Call::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

std::string Call::take(const Patience& patience, bool& last, bool& was_full) {
  std::unique_lock lock(mutex_);
  while (waiting_.empty() && !ended_) {
    patience.check();
    const auto until = patience.cancellable()
                           ? std::min(patience.until(), Patience::Clock::now() + cancel_poll)
                           : patience.until();
    news_.wait_until(lock, until);
  }
  if (waiting_.empty() && failure_) {
    throw Error(failure_->code, failure_->sentence, failure_->hint);
  }
  last = ended_ && !failure_;
  was_full = std::exchange(full_, false);
  return std::exchange(waiting_, {});
}

ClientResponse Call::wait(const Patience& patience, const OnBody& on_body,
                          const std::function<void()>& want_more) {
  std::string body;
  for (bool last = false; !last;) {
    bool was_full = false;
    const std::string bytes = take(patience, last, was_full);
    // Only this thread and the loop know the response, and the loop is done with its head.
    const bool is_streamed = on_body && response_.status >= 200 && response_.status < 300;
    if (!is_streamed) {
      body += bytes;
    } else if (!bytes.empty() && !on_body(bytes)) {
      break;
    }
    if (was_full) {
      want_more();
    }
    if (!last) {
      patience.check();
    }
  }
  ClientResponse response = std::move(response_);
  response.body = std::move(body);
  return response;
}

}  // namespace crayon::transport
