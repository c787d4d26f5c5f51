#include "transport/connection.h"

#include <algorithm>
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

}  // namespace

Connection::Connection(ConnectionContext& context, StreamHandle socket)
    : context_(context),
      stream_(std::make_shared<ByteStream>(std::move(socket), context.read_buffer)),
      timer_(make_timer(context.loop, this)),
      parser_(MessageParser::Kind::request, context.options.limits,
              {[this](const MessageHead& head) { return on_head(head); },
               [this](std::string_view bytes) { return on_body(bytes); }}) {
  stream_->set_owner(this);
  if (context.tls) {
    stream_->secure(context.tls->session({}));
  }
}

/// What the loop calls acts through here: a failure ends the connection, which outlives the call
/// even when the call closes it.
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
  set_idle_timer();
  stream_->read();
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
  stream_->close();
  timer_.reset();
  if (reply_) {
    reply_->detach();
    reply_.reset();
  }
  context_.on_closed(*this);
}

void Connection::on_bytes(std::string_view bytes) {
  guarded([&] {
    switch (phase_) {
      case Phase::reading:
        bytes.remove_prefix(parse(bytes));
        early_.append(bytes);
        break;
      case Phase::answering:
        early_.erase(0, std::exchange(early_used_, 0));
        early_.append(bytes);
        if (early_.size() > most_early_bytes) {
          stream_->pause();
        }
        break;
      case Phase::lingering:
      case Phase::closed:
        break;
    }
  });
}

/// Also a peer that only half-closes: nothing tells it from one that left.
void Connection::on_end(const StreamEnd& end) {
  guarded([&] {
    const bool lost = !end.error || end.error->code() == Code::connection_lost;
    if (lost || phase_ != Phase::reading) {
      close();
    } else {
      linger();  // TLS has failed: the alert that says why shall arrive
    }
  });
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
    stream_->read();
  }
}

void Connection::linger() {
  phase_ = Phase::lingering;
  set_timer(linger_milliseconds);
  stream_->shut_down();
  stream_->read();
}

void Connection::write(std::string bytes, std::shared_ptr<Reply> reply) {
  const auto on_sent = [this, size = bytes.size(), reply = std::move(reply)](int status) {
    if (reply) {
      reply->sent(size);
    }
    guarded([&] { on_written(status); });
  };
  stream_->write(std::move(bytes), on_sent);
  if (++writes_ == 1 && phase_ == Phase::answering) {
    set_idle_timer();
  }
}

void Connection::on_written(int status) {
  --writes_;
  if (status < 0) {
    close();
    return;
  }
  if (phase_ == Phase::answering && writes_ == 0) {
    uv_timer_stop(timer_.get());
    if (reply_ended_) {
      next_request();
    }
  }
}

void Connection::set_timer(std::uint64_t milliseconds) {
  taken_ = stream_->bytes_out();
  const auto on_time = [](uv_timer_t* timer) {
    Connection& self = *static_cast<Connection*>(timer->data);
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
  } else if (phase_ == Phase::answering && stream_->bytes_out() > taken_) {
    set_idle_timer();  // the peer is slow, but it takes what it is sent
  } else {
    close();
  }
}

}  // namespace crayon::transport
