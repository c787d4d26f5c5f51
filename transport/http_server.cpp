#include "transport/http_server.h"

#include <unistd.h>

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
#include "transport/unix_listener.h"

namespace crayon::transport {
namespace {

constexpr int backlog = 511;
constexpr std::chrono::seconds resolve_patience{5};

using ConnectionSet = std::unordered_set<std::shared_ptr<Connection>>;

void check_listening(int status, const ServerOptions& options) {
  if (status < 0) {
    const std::string where = options.unix_path.empty()
                                  ? options.host + ":" + std::to_string(options.port)
                                  : options.unix_path;
    throw Error(Code::io, "cannot listen on " + where + ": " + uv_reason(status),
                "Choose another address or port.");
  }
}

}  // namespace

struct HttpServer::State {
  State(const ServerOptions& given, Handler on_request);
  ~State();

  void listen();
  void bind_host();
  void bind_path();
  void close_listener();
  void accept();
  void admit(StreamHandle socket);
  void on_mail();
  void on_signal();
  void begin_stop();
  void close_all();
  void on_closed(Connection& connection);
  void end_if_done();
  void start_heartbeat();

  const ServerOptions options;
  const Handler handler;
  Loop loop;
  std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
  ConnectionContext context;
  std::unique_ptr<UnixListener> socket_file;
  StreamHandle listener;
  std::array<Handle<uv_signal_t>, 2> signals;
  Handle<uv_timer_t> grace;
  Handle<uv_timer_t> heartbeat;
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
  const ServerTlsOptions& tls = options.tls;
  if (tls.certificate_file.empty() && !(tls.key_file.empty() && tls.client_ca_file.empty())) {
    throw Error(Code::bad_argument, "a server's TLS needs a certificate", "Give its file as well.");
  }
  if (!tls.certificate_file.empty()) {
    context.tls = make_tls_context(tls);
  }
  listen();
  mailbox->open(loop, this, [](uv_async_t* async) {
    if (async->data != nullptr) {
      static_cast<State*>(async->data)->on_mail();
    }
  });
  start_heartbeat();
}

HttpServer::State::~State() {
  heartbeat.reset();
  close_listener();
  close_all();
  mailbox->close();
}

void HttpServer::State::listen() {
  options.unix_path.empty() ? bind_host() : bind_path();
  const int status = uv_listen(listener.get(), backlog, [](uv_stream_t* stream, int result) {
    if (result == 0 && stream->data != nullptr) {
      static_cast<State*>(stream->data)->accept();
    }
  });
  check_listening(status, options);
}

void HttpServer::State::start_heartbeat() {
  if (!options.on_heartbeat) {
    return;
  }
  heartbeat = make_timer(loop, this);
  const auto on_time = [](uv_timer_t* timer) {
    if (timer->data != nullptr) {
      static_cast<State*>(timer->data)->options.on_heartbeat();
    }
  };
  const auto interval = static_cast<std::uint64_t>(options.heartbeat_interval.count());
  uv_check(uv_timer_start(heartbeat.get(), on_time, 0, interval), "cannot start a timer");
}

void HttpServer::State::bind_host() {
  const Patience patience(resolve_patience, nullptr);
  const Addresses addresses = resolve(options.host, options.port, patience);
  listener = make_tcp(loop, this);
  check_listening(uv_tcp_bind(as_tcp(listener), as_sockaddr(addresses.front()), 0), options);
  sockaddr_storage bound = {};
  int size = sizeof bound;
  check_listening(uv_tcp_getsockname(as_tcp(listener), reinterpret_cast<sockaddr*>(&bound), &size),
                  options);
  port = port_of(bound);
}

void HttpServer::State::bind_path() {
  socket_file = std::make_unique<UnixListener>(options.unix_path, options.unix_mode);
  listener = make_pipe(loop, this);
  const int descriptor = socket_file->release();
  const int status = uv_pipe_open(as_pipe(listener), descriptor);
  if (status < 0) {
    ::close(descriptor);
  }
  check_listening(status, options);
}

void HttpServer::State::close_listener() {
  socket_file.reset();
  listener.reset();
}

void HttpServer::State::accept() {
  try {
    StreamHandle socket =
        options.unix_path.empty() ? make_tcp(loop, nullptr) : make_pipe(loop, nullptr);
    if (uv_accept(listener.get(), socket.get()) == 0) {
      admit(std::move(socket));
    }
  } catch (const std::exception&) {  // out of memory: the client sees its connection closed
  }
}

void HttpServer::State::admit(StreamHandle socket) {
  // As many again as may be served are told that they may not; any more are closed unheard.
  const bool full = served.size() >= options.max_connections;
  if (full && refused.size() >= options.max_connections) {
    return;
  }
  const auto connection = std::make_shared<Connection>(context, std::move(socket));
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
  close_listener();
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
    heartbeat.reset();
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
