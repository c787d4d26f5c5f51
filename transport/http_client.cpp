#include "transport/http_client.h"

#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "transport/call.h"
#include "transport/connection_pool.h"
#include "transport/exchange.h"
#include "transport/loop_thread.h"
#include "transport/request_message.h"

namespace crayon::transport {

struct Client::State {
  explicit State(ClientOptions given);
  ~State();

  Route route_to(Url url);
  // On the loop.
  void start(const std::shared_ptr<Call>& call);
  void resume(const Call* call);
  void abort(const Call* call);

  const ClientOptions options;
  LoopThread thread;
  ConnectionPool pool;
  ExchangeContext context;
  std::unordered_map<const Call*, std::shared_ptr<Exchange>> exchanges;

  std::mutex tls_mutex;
  std::shared_ptr<const TlsContext> tls;  // once https is asked for
};

Client::State::State(ClientOptions given)
    : options(std::move(given)),
      pool(thread.loop(), options.idle_connections, options.idle_time),
      context{.thread = thread, .pool = pool} {}

Client::State::~State() {
  thread.stop([this] {
    for (const auto& [call, exchange] : std::exchange(exchanges, {})) {
      exchange->abort();
    }
    pool.clear();
  });
}

Route Client::State::route_to(Url url) {
  Route route;
  if (const Proxy* proxy = options.proxies.proxy_for(url)) {
    route.proxy = *proxy;
  }
  if (url.scheme == Url::Scheme::https) {
    const std::lock_guard lock(tls_mutex);
    if (!tls) {
      tls = make_tls_context(options.tls);
    }
    route.tls = tls;
  }
  route.url = std::move(url);
  return route;
}

void Client::State::start(const std::shared_ptr<Call>& call) {
  try {
    const auto on_over = [this, key = call.get()] { exchanges.erase(key); };
    const auto exchange = std::make_shared<Exchange>(context, call, on_over);
    exchanges.emplace(call.get(), exchange);
    exchange->start();
  } catch (const std::exception& error) {
    call->fail({Code::io, std::string("cannot start a request: ") + error.what()});
  }
}

void Client::State::resume(const Call* call) {
  if (const auto found = exchanges.find(call); found != exchanges.end()) {
    found->second->resume();
  }
}

void Client::State::abort(const Call* call) {
  if (const auto found = exchanges.find(call); found != exchanges.end()) {
    const auto exchange = found->second;
    exchange->abort();
  }
}

Client::Client(ClientOptions options) : state_(std::make_unique<State>(std::move(options))) {}

Client::~Client() = default;

ClientResponse Client::fetch(const ClientRequest& request, const OnBody& on_body) {
  State& state = *state_;
  const Patience patience(request.deadline, request.cancelled);
  CallRequest asked;
  asked.route = state.route_to(Url::parse(request.url));
  asked.head_only = request.method == "HEAD";
  asked.limits = request.limits;
  asked.keep_alive = state.options.idle_connections > 0;
  asked.message = serialize(request, asked.route.url,
                            asked.route.proxy ? &*asked.route.proxy : nullptr, asked.keep_alive);
  patience.check();
  const auto call = std::make_shared<Call>(std::move(asked));
  state.thread.post([&state, call] { state.start(call); });
  try {
    ClientResponse response = call->wait(patience, on_body, [&] {
      state.thread.post([&state, call] { state.resume(call.get()); });
    });
    if (!call->ended()) {  // on_body has had enough
      state.thread.post([&state, call] { state.abort(call.get()); });
    }
    return response;
  } catch (...) {
    state.thread.post([&state, call] { state.abort(call.get()); });
    throw;
  }
}

ClientResponse fetch(const ClientRequest& request, const OnBody& on_body) {
  Client client({.idle_connections = 0});
  return client.fetch(request, on_body);
}

}  // namespace crayon::transport
