#include "transport/exchange.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace crayon::transport {

Exchange::Exchange(ExchangeContext& context, std::shared_ptr<Call> call,
                   std::function<void()> on_over)
    : context_(context),
      call_(std::move(call)),
      on_over_(std::move(on_over)),
      parser_(MessageParser::Kind::reply, call_->request.limits,
              {[this](const MessageHead& head) { return on_head(head); },
               [this](std::string_view bytes) { return on_body(bytes); }}) {}

template <typename Action>
void Exchange::guarded(const Action& action) {
  const auto self = shared_from_this();
  try {
    action();
  } catch (const Error& error) {
    fail(error);
  } catch (const std::exception& error) {
    fail({Code::io, std::string("cannot go on with a request: ") + error.what()});
  }
}

void Exchange::start() {
  guarded([&] {
    if (auto idle = context_.pool.take(call_->request.route.key())) {
      is_reused_ = true;
      use(std::move(idle));
    } else {
      dial();
    }
  });
}

void Exchange::resume() {
  guarded([&] {
    if (stream_) {
      stream_->read();
    }
  });
}

void Exchange::abort() {
  const auto self = shared_from_this();
  over();
}

void Exchange::fail(const Error& error) {
  call_->fail(error);
  over();
}

void Exchange::finish(bool reusable) {
  if (reusable) {
    const auto stream = std::exchange(stream_, nullptr);
    stream->set_owner(nullptr);
    context_.pool.put(call_->request.route.key(), stream);
  }
  call_->finish();
  over();
}

void Exchange::over() {
  if (dialer_) {
    std::exchange(dialer_, nullptr)->cancel();
  }
  if (stream_) {
    std::exchange(stream_, nullptr)->close();
  }
  if (const auto on_over = std::exchange(on_over_, {})) {
    on_over();
  }
}

void Exchange::dial() {
  dialer_ =
      std::make_shared<Dialer>(context_.thread, context_.buffer, call_->request.route,
                               Dialer::Hooks{[this](const std::shared_ptr<ByteStream>& stream) {
                                               guarded([&] {
                                                 dialer_.reset();
                                                 use(stream);
                                               });
                                             },
                                             [this](const Error& error) {
                                               const auto self = shared_from_this();
                                               fail(error);
                                             }});
  dialer_->start();
}

void Exchange::use(std::shared_ptr<ByteStream> stream) {
  stream_ = std::move(stream);
  stream_->set_owner(this);
  stream_->read();
  // A failure to write is left to the reading side: a server that refuses early, and closes, may
  // have said why.
  stream_->write(call_->request.message, [this](int status) { is_sent_ = status == 0; });
}

void Exchange::on_bytes(std::string_view bytes) {
  const auto self = shared_from_this();
  has_begun_ = true;
  while (!bytes.empty() && stream_) {
    const MessageParser::Fed fed = parser_.feed(bytes);
    check(fed);
    bytes.remove_prefix(std::min(fed.used, bytes.size()));
    if (fed.status != MessageParser::Status::complete) {
      return;
    }
    if (head_is_final_) {
      // What follows a reply is nobody's, and no sign of a connection to rely on.
      finish(call_->request.keep_alive && parser_.head().keep_alive && is_sent_ && bytes.empty());
      return;
    }
    parser_.reset();
  }
}

/// Throws for what is not, or not yet known to be, a piece of a reply.
void Exchange::check(const MessageParser::Fed& fed) const {
  using Status = MessageParser::Status;
  const Limits& limits = call_->request.limits;
  switch (fed.status) {
    case Status::more:
    case Status::complete:
      return;
    case Status::stopped:
      throw Error(Code::protocol, "the server's reply is not HTTP/1.x, or switches protocols");
    case Status::malformed:
      throw Error(Code::protocol,
                  std::string("the server's reply is not valid HTTP: ") + parser_.reason(),
                  "Check the URL's port.");
    case Status::header_too_large:
      throw Error(Code::over_limit, "the header of the server's reply is larger than " +
                                        std::to_string(limits.header_bytes) + " bytes");
    case Status::body_too_large:
      throw Error(Code::over_limit, "the body of the server's reply is larger than " +
                                        std::to_string(limits.body_bytes) + " bytes");
  }
}

void Exchange::on_end(const StreamEnd& end) {
  guarded([&] {
    if (end.error && end.error->code() != Code::connection_lost) {
      throw *end.error;
    }
    if (is_reused_ && !has_begun_) {  // it had ended before we came: that is no answer
      is_reused_ = false;
      is_sent_ = false;
      std::exchange(stream_, nullptr)->close();
      dial();
      return;
    }
    if (!end.error && parser_.finish() == MessageParser::Status::complete && head_is_final_) {
      finish(false);
      return;
    }
    throw Error(Code::connection_lost,
                "the connection ended before the reply was complete: " +
                    (end.error ? std::string(end.error->what()) : "closed by the server"),
                "Try again.");
  });
}

MessageParser::AfterHead Exchange::on_head(const MessageHead& head) {
  using AfterHead = MessageParser::AfterHead;
  if (head.major != 1 || head.status < 100 || head.status == 101) {
    return AfterHead::stop;
  }
  head_is_final_ = head.status >= 200;
  call_->put_head(head.status, head.headers);
  return call_->request.head_only ? AfterHead::no_body : AfterHead::read_body;
}

bool Exchange::on_body(std::string_view bytes) {
  if (call_->put_body(bytes)) {
    stream_->pause();
  }
  return true;
}

}  // namespace crayon::transport
