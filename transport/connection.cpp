#include "transport/connection.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "transport/chat_api.h"
#include "transport/reply.h"
#include "transport/response_head.h"

namespace crayon::transport {
namespace {

/// A peer may send this much ahead of its turn before its socket is left to fill.
constexpr std::size_t most_early_bytes = std::size_t{64} * 1024;

/// How long the peer of a finished connection has to close it.
constexpr std::uint64_t linger_milliseconds = 1000;

Connection* owner_of(const void* data) {
  return static_cast<Connection*>(const_cast<void*>(data));
}

}  // namespace

struct Connection::Write {
  uv_write_t request = {};
  std::string bytes;
  std::shared_ptr<Reply> reply;  // null for what the connection says itself
};

Connection::Connection(ConnectionContext& context, Handle<uv_tcp_t> tcp)
    : context_(context),
      tcp_(std::move(tcp)),
      timer_(make_timer(context.loop, this)),
      parser_(MessageParser::Kind::request, context.options.limits,
              {[this](const MessageHead& head) { return on_head(head); },
               [this](std::string_view bytes) { return on_body(bytes); }}) {
  tcp_->data = this;
}

/// Every callback of libuv acts through here: no exception unwinds its C frames, and the
/// connection outlives the call even when the call closes it.
template <typename Action>
void Connection::guarded(const Action& action) {
  const auto self = shared_from_this();
  try {
    action();
  } catch (...) {
    close();
  }
}

void Connection::start() {
  uv_tcp_nodelay(tcp_.get(), 1);  // a token shall not wait for the next one
  set_idle_timer();
  read();
}

void Connection::refuse(int status, std::string_view message) {
  phase_ = Phase::lingering;
  take_body();
  write(error_response(status, message), nullptr);
  linger();
}

void Connection::stop() {
  if (phase_ == Phase::reading) {
    close();
  } else if (reply_) {
    reply_->forbid_keep_alive();
  }
}

void Connection::close() {
  if (phase_ == Phase::closed) {
    return;
  }
  const auto self = shared_from_this();
  phase_ = Phase::closed;
  take_body();
  tcp_.reset();
  timer_.reset();
  if (reply_) {
    reply_->detach();
    reply_.reset();
  }
  context_.on_closed(*this);
}

void Connection::read() {
  if (std::exchange(reading_, true)) {
    return;
  }
  const auto on_alloc = [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    auto& shared = owner_of(handle->data)->context_.read_buffer;
    *buffer = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
  };
  const auto on_bytes = [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
    Connection& self = *owner_of(stream->data);
    self.guarded([&] {
      if (size > 0) {
        self.on_read({buffer->base, static_cast<std::size_t>(size)});
      } else if (size < 0) {
        self.close();  // also a peer that only half-closes: nothing tells it from one that left
      }
    });
  };
  uv_check(uv_read_start(as_stream(tcp_.get()), on_alloc, on_bytes), "cannot read from a socket");
}

void Connection::on_read(std::string_view bytes) {
  switch (phase_) {
    case Phase::reading:
      bytes.remove_prefix(parse(bytes));
      early_.append(bytes);
      break;
    case Phase::answering:
      early_.erase(0, std::exchange(early_used_, 0));
      early_.append(bytes);
      if (early_.size() > most_early_bytes) {
        uv_read_stop(as_stream(tcp_.get()));
        reading_ = false;
      }
      break;
    case Phase::lingering:
    case Phase::closed:
      break;
  }
}

std::size_t Connection::parse(std::string_view bytes) {
  using Status = MessageParser::Status;
  const MessageParser::Fed fed = parser_.feed(bytes);
  switch (fed.status) {
    case Status::more:
      break;
    case Status::complete:
      dispatch();
      break;
    case Status::stopped:
      refuse(refusal_, refusal_message_);
      break;
    case Status::malformed:
      refuse(400, std::string("not valid HTTP: ") + parser_.reason());
      break;
    case Status::header_too_large:
      refuse(431, "the request's header is too large");
      break;
    case Status::body_too_large:
      refuse(413, "the request's body is larger than " +
                      std::to_string(context_.options.limits.body_bytes) + " bytes");
      break;
  }
  return std::min(fed.used, bytes.size());
}

MessageParser::AfterHead Connection::on_head(const MessageHead& head) {
  using AfterHead = MessageParser::AfterHead;
  const auto refuse_with = [&](int status, std::string message) {
    refusal_ = status;
    refusal_message_ = std::move(message);
    return AfterHead::stop;
  };
  if (head.major != 1) {
    return refuse_with(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  const auto hosts = std::count_if(head.headers.begin(), head.headers.end(), [](const auto& field) {
    return equal_without_case(field.first, "Host");
  });
  if (hosts > 1 || (hosts == 0 && head.minor >= 1)) {  // RFC 9112 section 3.2
    return refuse_with(400, "a request must have one Host field");
  }
  const std::string_view expected = header(head.headers, "Expect");
  if (!expected.empty() && head.minor >= 1) {
    if (!equal_without_case(expected, "100-continue")) {
      return refuse_with(417, "the only expectation that can be met is 100-continue");
    }
    if (head.content_length.value_or(0) <= context_.options.limits.body_bytes) {
      write("HTTP/1.1 100 Continue\r\n\r\n", nullptr);
    }
  }
  return AfterHead::read_body;
}

bool Connection::on_body(std::string_view bytes) {
  if (bytes.size() > context_.options.incoming_bytes - context_.incoming) {
    refusal_ = 503;
    refusal_message_ = "too much is being sent at once";
    return false;
  }
  body_.append(bytes);
  context_.incoming += bytes.size();
  return true;
}

/// The body that has come in so far, which counts no longer.
std::string Connection::take_body() {
  context_.incoming -= body_.size();
  return std::exchange(body_, {});
}

void Connection::dispatch() {
  phase_ = Phase::answering;
  uv_timer_stop(timer_.get());
  const MessageHead& head = parser_.head();
  const ReplyForm form{.head_only = head.method == "HEAD",
                       .may_chunk = head.minor >= 1,
                       .keep_alive = head.keep_alive && !context_.stopping};
  reply_ = std::make_shared<Reply>(context_.mailbox, this, form);
  reply_ended_ = false;
  ServerRequest request{head.method, head.target, head.headers, take_body()};
  const auto responder = std::make_shared<ReplyResponder>(reply_);
  try {
    context_.handler(std::move(request), responder);
  } catch (...) {
    try {
      responder->reply(500, "application/json",
                       error_json("the request could not be handled", "server_error", "500"));
    } catch (const Error&) {  // the handler had begun to answer: all that is left is to break off
      reply_->abandon();
    }
  }
}

void Connection::forward(Reply& reply) {
  guarded([&] {
    Reply::Parcel parcel = reply.take();
    if (parcel.broken) {
      close();
      return;
    }
    if (parcel.last) {
      reply_ended_ = true;
      keep_alive_ = parcel.keep_alive && !context_.stopping;
    }
    if (!parcel.bytes.empty()) {
      write(std::move(parcel.bytes), reply.shared_from_this());
    } else if (reply_ended_ && writes_ == 0) {
      next_request();
    }
  });
}

void Connection::next_request() {
  reply_->release();
  reply_.reset();
  uv_timer_stop(timer_.get());
  if (!keep_alive_) {
    linger();
    return;
  }
  phase_ = Phase::reading;
  parser_.reset();
  set_idle_timer();
  if (early_used_ < early_.size()) {
    early_used_ += parse(std::string_view(early_).substr(early_used_));
  }
  if (early_used_ == early_.size()) {
    early_.clear();
    early_used_ = 0;
  }
  if (early_.size() - early_used_ <= most_early_bytes) {
    read();
  }
}

void Connection::linger() {
  phase_ = Phase::lingering;
  set_timer(linger_milliseconds);
  auto shutdown = std::make_unique<uv_shutdown_t>();
  const auto on_shutdown = [](uv_shutdown_t* done, int) { delete done; };
  if (uv_shutdown(shutdown.get(), as_stream(tcp_.get()), on_shutdown) < 0) {
    close();
    return;
  }
  static_cast<void>(shutdown.release());  // on_shutdown's now
  read();
}

void Connection::write(std::string bytes, std::shared_ptr<Reply> reply) {
  if (bytes.size() > std::numeric_limits<unsigned>::max()) {
    throw Error(Code::over_limit, "more than libuv can write at once");
  }
  auto write = std::make_unique<Write>();
  write->bytes = std::move(bytes);
  write->reply = std::move(reply);
  write->request.data = write.get();
  const uv_buf_t whole =
      uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const auto on_done = [](uv_write_t* request, int status) {
    const std::unique_ptr<Write> done(static_cast<Write*>(request->data));
    if (Connection* self = owner_of(request->handle->data)) {
      self->guarded([&] { self->on_written(*done, status); });
    }
  };
  uv_check(uv_write(&write->request, as_stream(tcp_.get()), &whole, 1, on_done),
           "cannot write to a socket");
  written_ += write->bytes.size();
  static_cast<void>(write.release());  // on_done's now
  if (++writes_ == 1 && phase_ == Phase::answering) {
    set_idle_timer();
  }
}

void Connection::on_written(const Write& write, int status) {
  --writes_;
  if (status < 0) {
    close();
    return;
  }
  if (write.reply) {
    write.reply->sent(write.bytes.size());
  }
  if (phase_ == Phase::answering && writes_ == 0) {
    uv_timer_stop(timer_.get());
    if (reply_ended_) {
      next_request();
    }
  }
}

std::uint64_t Connection::bytes_taken() const {
  return written_ - uv_stream_get_write_queue_size(as_stream(tcp_.get()));
}

void Connection::set_timer(std::uint64_t milliseconds) {
  taken_ = bytes_taken();
  const auto on_time = [](uv_timer_t* timer) {
    Connection& self = *owner_of(timer->data);
    self.guarded([&] { self.on_timer(); });
  };
  uv_check(uv_timer_start(timer_.get(), on_time, milliseconds, 0), "cannot start a timer");
}

void Connection::set_idle_timer() {
  set_timer(context_.options.idle_seconds * std::uint64_t{1000});
}

void Connection::on_timer() {
  if (phase_ == Phase::reading && parser_.started()) {
    refuse(408, "the request took too long to arrive");
  } else if (phase_ == Phase::answering && bytes_taken() > taken_) {
    set_idle_timer();  // the peer is slow, but it takes what it is sent
  } else {
    close();
  }
}

}  // namespace crayon::transport
