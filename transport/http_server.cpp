#include "transport/http_server.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "transport/connection.h"
#include "transport/loop.h"
#include "transport/mailbox.h"
#include "transport/reply.h"
#include "transport/resolver.h"
#include "transport/sigpipe.h"

namespace crayon::transport {
namespace {

constexpr int backlog = 511;
constexpr std::chrono::seconds resolve_patience{5};

using ConnectionSet = std::unordered_set<std::shared_ptr<Connection>>;

}  // namespace

struct HttpServer::State {
  State(const ServerOptions& given, Handler on_request);
  ~State();

  void listen();
  void accept();
  void admit(Handle<uv_tcp_t> tcp);
  void on_mail();
  void on_signal();
  void begin_stop();
  void close_all();
  void on_closed(Connection& connection);
  void end_if_done();

  const ServerOptions options;
  const Handler handler;
  Loop loop;
  std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
  ConnectionContext context;
  Handle<uv_tcp_t> listener;
  std::array<Handle<uv_signal_t>, 2> signals;
  Handle<uv_timer_t> grace;
  ConnectionSet served;
  ConnectionSet refused;  // beyond max_connections: being told so
  std::uint16_t port = 0;
};

HttpServer::State::State(const ServerOptions& given, Handler on_request)
    : options(given),
      handler(std::move(on_request)),
      context{.loop = loop,
              .options = options,
              .handler = handler,
              .mailbox = mailbox,
              .on_closed = [this](Connection& closed) { on_closed(closed); }} {
  if (options.idle_seconds == 0 || options.max_connections == 0) {
    throw Error(Code::bad_argument, "a server's idle_seconds and max_connections must be above 0");
  }
  listen();
  mailbox->open(loop, this, [](uv_async_t* async) {
    if (async->data != nullptr) {
      static_cast<State*>(async->data)->on_mail();
    }
  });
}

HttpServer::State::~State() {
  close_all();
  mailbox->close();
}

void HttpServer::State::listen() {
  const auto check = [&](int status) {
    if (status < 0) {
      throw Error(Code::io,
                  "cannot listen on " + options.host + ":" + std::to_string(options.port) + ": " +
                      uv_reason(status),
                  "Choose another address or port.");
    }
  };
  const Patience patience(resolve_patience, nullptr);
  const Addresses addresses = resolve(options.host, options.port, patience);
  listener = make_tcp(loop, this);
  check(uv_tcp_bind(listener.get(), as_sockaddr(addresses.front()), 0));
  check(uv_listen(as_stream(listener.get()), backlog, [](uv_stream_t* stream, int status) {
    if (status == 0) {
      static_cast<State*>(stream->data)->accept();
    }
  }));
  sockaddr_storage bound = {};
  int size = sizeof bound;
  check(uv_tcp_getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size));
  port = port_of(bound);
}

void HttpServer::State::accept() {
  try {
    Handle<uv_tcp_t> tcp = make_tcp(loop, nullptr);
    if (uv_accept(as_stream(listener.get()), as_stream(tcp.get())) == 0) {
      admit(std::move(tcp));
    }
  } catch (const std::exception&) {  // out of memory: the client sees its connection closed
  }
}

void HttpServer::State::admit(Handle<uv_tcp_t> tcp) {
  // As many again as may be served are told that they may not; any more are closed unheard.
  const bool full = served.size() >= options.max_connections;
  if (full && refused.size() >= options.max_connections) {
    return;
  }
  const auto connection = std::make_shared<Connection>(context, std::move(tcp));
  (full ? refused : served).insert(connection);
  if (full) {
    connection->refuse(503, "too many connections");
  } else {
    connection->start();
  }
}

void HttpServer::State::on_mail() {
  const Mailbox::Mail mail = mailbox->take();
  for (const auto& reply : mail.replies) {
    if (Connection* connection = reply->connection()) {
      connection->forward(*reply);
    }
  }
  if (mail.stop) {
    begin_stop();
  }
}

void HttpServer::State::on_signal() {
  if (context.stopping) {
    close_all();  // whoever asks twice does not want to wait
  }
  begin_stop();
}

void HttpServer::State::begin_stop() {
  if (std::exchange(context.stopping, true)) {
    return;
  }
  listener.reset();
  for (const auto& connection : ConnectionSet(served)) {  // a copy: who stops leaves the set
    connection->stop();
  }
  if (served.empty() && refused.empty()) {
    end_if_done();
    return;
  }
  grace = make_timer(loop, this);
  const auto on_end = [](uv_timer_t* timer) { static_cast<State*>(timer->data)->close_all(); };
  const auto milliseconds = std::max<std::int64_t>(0, options.grace.count());
  uv_timer_start(grace.get(), on_end, static_cast<std::uint64_t>(milliseconds), 0);
}

void HttpServer::State::close_all() {
  for (const auto& connections : {served, refused}) {
    for (const auto& connection : connections) {
      connection->close();
    }
  }
}

void HttpServer::State::on_closed(Connection& connection) {
  const auto self = connection.shared_from_this();
  served.erase(self);
  refused.erase(self);
  end_if_done();
}

/// Closes what is left open, so that the loop ends.
void HttpServer::State::end_if_done() {
  if (context.stopping && served.empty() && refused.empty()) {
    grace.reset();
    for (auto& watcher : signals) {
      watcher.reset();
    }
    mailbox->close();
  }
}

HttpServer::HttpServer(const ServerOptions& options, Handler handler)
    : state_(std::make_shared<State>(options, std::move(handler))) {}

HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const {
  return state_->port;
}

void HttpServer::run() {
  const SigpipeBlock no_sigpipe;
  state_->mailbox->set_loop_thread(std::this_thread::get_id());
  state_->loop.run();
  state_->mailbox->set_loop_thread({});
}

void HttpServer::stop() {
  state_->mailbox->post_stop();
}

void HttpServer::stop_on_signals() {
  constexpr std::array numbers = {SIGINT, SIGTERM};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    state_->signals[i] = make_signal(state_->loop, state_.get());
    const auto on_signal = [](uv_signal_t* watcher, int) {
      static_cast<State*>(watcher->data)->on_signal();
    };
    uv_check(uv_signal_start(state_->signals[i].get(), on_signal, numbers[i]),
             "cannot watch for signals");
  }
}

}  // namespace crayon::transport
