#include "transport/exchange.h"

#include <algorithm>
#include <memory>

#include "base/error.h"

namespace crayon::transport {
namespace {

std::uint64_t milliseconds_of(std::chrono::milliseconds time) {
  return static_cast<std::uint64_t>(time.count());
}

Exchange* owner_of(const void* data) {
  return static_cast<Exchange*>(const_cast<void*>(data));
}

}  // namespace

Exchange::Exchange(const ClientRequest& request, const std::string& message,
                   const Addresses& addresses, const Patience& patience, const OnBody& on_body)
    : request_(request),
      message_(message),
      addresses_(addresses),
      patience_(patience),
      on_body_(on_body),
      parser_(MessageParser::Kind::reply, request.limits,
              {[this](const MessageHead& head) { return on_head(head); },
               [this](std::string_view bytes) { return take_body(bytes); }}) {}

ClientResponse Exchange::run() {
  guarded([&] {
    start_timers();
    connect_next();
  });
  loop_.run();  // until end() has closed every handle
  if (error_) {
    std::rethrow_exception(error_);
  }
  return std::move(response_);
}

/// Every callback of libuv runs its action through here: an exception must not unwind its C
/// frames, and ends the exchange instead.
template <typename Action>
void Exchange::guarded(const Action& action) {
  try {
    action();
  } catch (...) {
    fail(std::current_exception());
  }
}

void Exchange::fail(std::exception_ptr error) {
  if (!error_) {
    error_ = std::move(error);
  }
  end();
}

void Exchange::end() {
  tcp_.reset();
  deadline_.reset();
  attempt_.reset();
  cancel_.reset();
}

void Exchange::start_timers() {
  deadline_ = make_timer(loop_, this);
  attempt_ = make_timer(loop_, this);
  const auto on_deadline = [](uv_timer_t* timer) {
    Exchange& self = *owner_of(timer->data);
    self.guarded([&] { self.patience_.throw_timed_out(); });
  };
  uv_check(uv_timer_start(deadline_.get(), on_deadline, milliseconds_of(patience_.left()), 0),
           "cannot start a timer");
  if (patience_.cancellable()) {
    cancel_ = make_timer(loop_, this);
    const auto on_poll = [](uv_timer_t* timer) {
      Exchange& self = *owner_of(timer->data);
      self.guarded([&] {
        if (self.patience_.cancelled()) {
          self.patience_.check();
        }
      });
    };
    const std::uint64_t interval = milliseconds_of(cancel_poll);
    uv_check(uv_timer_start(cancel_.get(), on_poll, interval, interval), "cannot start a timer");
  }
}

void Exchange::connect_next() {
  if (next_address_ == addresses_.size()) {
    throw Error(Code::connect_failed, "cannot connect to " + failures_,
                "Check that a server listens there.");
  }
  const sockaddr_storage& address = addresses_[next_address_++];
  tcp_ = make_tcp(loop_, this);
  auto connect = std::make_unique<uv_connect_t>();
  connect->data = this;
  const auto on_connect = [](uv_connect_t* done, int status) {
    const std::unique_ptr<uv_connect_t> release(done);
    if (status != UV_ECANCELED) {  // then the handle is closed, and its successor at work
      Exchange& self = *owner_of(done->data);
      self.guarded([&] { self.on_connected(status); });
    }
  };
  const int status = uv_tcp_connect(connect.get(), tcp_.get(), as_sockaddr(address), on_connect);
  if (status < 0) {
    attempt_failed(uv_reason(status));
    return;
  }
  static_cast<void>(connect.release());  // on_connect's now
  // An address that swallows packets may not eat the time of those after it.
  const auto rest = static_cast<std::int64_t>(addresses_.size() - next_address_);
  if (rest > 0) {
    const auto on_attempt_end = [](uv_timer_t* timer) {
      Exchange& self = *owner_of(timer->data);
      self.guarded([&] { self.attempt_failed("no answer"); });
    };
    uv_check(uv_timer_start(attempt_.get(), on_attempt_end,
                            milliseconds_of(patience_.left() / (rest + 1)), 0),
             "cannot start a timer");
  }
}

void Exchange::attempt_failed(const std::string& reason) {
  failures_ +=
      (failures_.empty() ? "" : "; ") + to_string(addresses_[next_address_ - 1]) + ": " + reason;
  uv_timer_stop(attempt_.get());
  connect_next();
}

void Exchange::on_connected(int status) {
  if (status < 0) {
    attempt_failed(uv_reason(status));
    return;
  }
  uv_timer_stop(attempt_.get());
  uv_tcp_nodelay(tcp_.get(), 1);
  const auto on_alloc = [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    Exchange& self = *owner_of(handle->data);
    *buffer = uv_buf_init(self.buffer_.data(), static_cast<unsigned>(self.buffer_.size()));
  };
  const auto on_bytes = [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
    Exchange& self = *owner_of(stream->data);
    self.guarded([&] {
      if (size > 0) {
        self.on_read({buffer->base, static_cast<std::size_t>(size)});
      } else if (size < 0) {
        self.on_read_end(static_cast<int>(size));
      }
    });
  };
  uv_check(uv_read_start(as_stream(tcp_.get()), on_alloc, on_bytes), "cannot read from a socket");
  send();
}

void Exchange::send() {
  // libuv does not write to the buffer; its type has no const.
  const uv_buf_t whole =
      uv_buf_init(const_cast<char*>(message_.data()), static_cast<unsigned>(message_.size()));
  // A failure to write is left to the reading side: a server that refuses early, and closes, may
  // have said why.
  uv_check(uv_write(&write_, as_stream(tcp_.get()), &whole, 1, [](uv_write_t*, int) {}),
           "cannot write to a socket");
}

void Exchange::on_read(std::string_view bytes) {
  using Status = MessageParser::Status;
  while (!bytes.empty()) {
    const MessageParser::Fed fed = parser_.feed(bytes);
    bytes.remove_prefix(std::min(fed.used, bytes.size()));
    switch (fed.status) {
      case Status::more:
        return;
      case Status::complete:
        if (is_final_) {
          end();
          return;
        }
        parser_.reset();
        break;
      case Status::stopped:
        if (!stopped_by_caller_) {
          throw Error(Code::protocol, "the server's reply is not HTTP/1.x, or switches protocols");
        }
        end();
        return;
      case Status::malformed:
        throw Error(Code::protocol,
                    std::string("the server's reply is not valid HTTP: ") + parser_.reason(),
                    "Check the URL's port.");
      case Status::header_too_large:
        throw Error(Code::over_limit, "the header of the server's reply is larger than " +
                                          std::to_string(request_.limits.header_bytes) + " bytes");
      case Status::body_too_large:
        throw Error(Code::over_limit, "the body of the server's reply is larger than " +
                                          std::to_string(request_.limits.body_bytes) + " bytes");
    }
  }
}

void Exchange::on_read_end(int status) {
  if (status == UV_EOF && parser_.finish() == MessageParser::Status::complete && is_final_) {
    end();
    return;
  }
  throw Error(Code::connection_lost,
              "the connection ended before the reply was complete: " +
                  (status == UV_EOF ? std::string("closed by the server") : uv_reason(status)),
              "Try again.");
}

MessageParser::AfterHead Exchange::on_head(const MessageHead& head) {
  using AfterHead = MessageParser::AfterHead;
  if (head.major != 1 || head.status < 100 || head.status == 101) {
    return AfterHead::stop;
  }
  is_final_ = head.status >= 200;
  response_.status = head.status;
  response_.headers = head.headers;
  return request_.method == "HEAD" ? AfterHead::no_body : AfterHead::read_body;
}

bool Exchange::take_body(std::string_view bytes) {
  if (on_body_ && response_.status >= 200 && response_.status < 300) {
    stopped_by_caller_ = !on_body_(bytes);
    return !stopped_by_caller_;
  }
  response_.body.append(bytes);
  return true;
}

}  // namespace crayon::transport
