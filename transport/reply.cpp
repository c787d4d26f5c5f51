#include "transport/reply.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "transport/response_head.h"

namespace crayon::transport {
namespace {

/// A writer waits while this much is under way to its peer: enough to keep a link busy, little
/// beside a model.
constexpr std::size_t most_outstanding = std::size_t{1024} * 1024;

constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace

Reply::Reply(std::shared_ptr<Mailbox> mailbox, Connection* connection, const ReplyForm& form)
    : mailbox_(std::move(mailbox)), connection_(connection), form_(form) {}

void Reply::send_whole(int status, std::string_view content_type, std::string_view body) {
  {
    const std::lock_guard lock(mutex_);
    require(Stage::fresh, "reply()");
    const bool has_body = status_has_body(status);
    const ResponseHead head{.status = status,
                            .content_type = content_type,
                            .framing = has_body ? Framing::length : Framing::none,
                            .length = body.size(),
                            .keep_alive = form_.keep_alive};
    push(head.text());
    if (has_body && !form_.head_only) {
      push(body);
    }
    stage_ = Stage::finished;
  }
  notify();
}

void Reply::start(int status, std::string_view content_type) {
  {
    const std::lock_guard lock(mutex_);
    require(Stage::fresh, "start()");
    const bool has_body = status_has_body(status);
    ResponseHead head{.status = status, .content_type = content_type};
    head.framing = !has_body ? Framing::none : form_.may_chunk ? Framing::chunked : Framing::close;
    head.keep_alive = form_.keep_alive && head.framing != Framing::close;
    push(head.text());
    form_.keep_alive = head.keep_alive;
    chunked_ = head.framing == Framing::chunked;
    no_body_ = !has_body || form_.head_only;
    stage_ = Stage::started;
  }
  notify();
}

bool Reply::write(std::string_view bytes) {
  {
    std::unique_lock lock(mutex_);
    require(Stage::started, "write()");
    if (!mailbox_->on_loop_thread()) {  // the loop would wait for itself
      room_.wait(lock, [&] { return gone_ || waiting_.size() + in_flight_ < most_outstanding; });
    }
    if (gone_) {
      return false;
    }
    if (no_body_ || bytes.empty()) {  // an empty chunk would end the body
      return true;
    }
    push_chunk(bytes);
  }
  notify();
  return true;
}

void Reply::finish() {
  {
    const std::lock_guard lock(mutex_);
    require(Stage::started, "finish()");
    if (chunked_ && !no_body_) {
      push(last_chunk);
    }
    stage_ = Stage::finished;
  }
  notify();
}

bool Reply::gone() const {
  const std::lock_guard lock(mutex_);
  return gone_;
}

void Reply::abandon() {
  {
    const std::lock_guard lock(mutex_);
    if (stage_ == Stage::finished) {
      return;
    }
    stage_ = Stage::abandoned;
  }
  notify();
}

Reply::Parcel Reply::take() {
  const std::lock_guard lock(mutex_);
  notified_ = false;
  Parcel parcel;
  parcel.bytes = std::exchange(waiting_, {});
  parcel.last = stage_ == Stage::finished;
  parcel.broken = stage_ == Stage::abandoned;
  parcel.keep_alive = form_.keep_alive;
  in_flight_ += parcel.bytes.size();
  return parcel;
}

void Reply::sent(std::size_t size) {
  const std::lock_guard lock(mutex_);
  in_flight_ -= size;
  room_.notify_all();
}

void Reply::forbid_keep_alive() {
  const std::lock_guard lock(mutex_);
  form_.keep_alive = false;
}

void Reply::detach() {
  connection_ = nullptr;
  const std::lock_guard lock(mutex_);
  gone_ = true;
  waiting_ = {};
  room_.notify_all();
}

void Reply::require(Stage stage, const char* call) const {
  if (stage_ != stage) {
    throw Error(Code::bad_argument, std::string("Responder::") + call + " out of turn",
                "Call reply() once, or start(), write() any number of times, finish().");
  }
}

void Reply::push(std::string_view bytes) {
  if (!gone_) {
    waiting_.append(bytes);
  }
}

void Reply::push_chunk(std::string_view bytes) {
  if (!chunked_) {
    push(bytes);
    return;
  }
  std::array<char, 16> size;
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  push({size.data(), static_cast<std::size_t>(end - size.data())});
  push("\r\n");
  push(bytes);
  push("\r\n");
}

void Reply::notify() {
  {
    const std::lock_guard lock(mutex_);
    if (gone_ || std::exchange(notified_, true)) {
      return;
    }
  }
  mailbox_->post(shared_from_this());
}

}  // namespace crayon::transport
