#include "serving/server.h"

#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <new>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/start_thread.h"
#include "serving/chat_page.h"
#include "serving/gone_watch.h"
#include "serving/job_queue.h"
#include "serving/routes.h"

namespace crayon::serving {
namespace {

using transport::Responder;
using transport::ServerRequest;

/// Whether both are the same, in a time that tells nothing about where they differ.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i] ^ secret[i % secret.size()]);
  }
  return difference == 0;
}

/// Passes a reply on, and remembers its status.
class CountedResponder final : public Responder {
 public:
  CountedResponder(std::shared_ptr<Responder> to, Metrics& metrics, std::string_view endpoint)
      : to_(std::move(to)), metrics_(metrics), endpoint_(endpoint) {}

  void reply(int status, std::string_view content_type, std::string body) override {
    to_->reply(status, content_type, std::move(body));
    answered(status);
  }
  void start(int status, std::string_view content_type) override {
    to_->start(status, content_type);
    answered(status);
  }
  bool write(std::string_view bytes) override { return to_->write(bytes); }
  void finish() override { to_->finish(); }
  bool gone() const override { return to_->gone(); }

  bool begun() const { return begun_; }

 private:
  void answered(int status) {
    begun_ = true;
    metrics_.count_request(endpoint_, status);
  }

  const std::shared_ptr<Responder> to_;
  Metrics& metrics_;
  const std::string_view endpoint_;
  bool begun_ = false;
};

/// Makes an error out of the exception that is being handled, unless the reply has begun: then the
/// client sees its connection end.
void reply_exception(CountedResponder& responder) {
  if (responder.begun()) {
    return;
  }
  try {
    throw;
  } catch (const Error& error) {
    reply_error(responder, status_of(error.code()), sentence_of(error), code_name(error.code()));
  } catch (const std::bad_alloc&) {
    reply_error(responder, 503, "there is not enough memory for this request", "out_of_memory");
  } catch (const std::exception&) {
    reply_error(responder, 500, "internal error", "internal");
  }
}

}  // namespace

struct Server::State {
  State(const ServeOptions& given, Service& its_service)
      : options(given), service(its_service), queue(given.queue), http(given.http, handler()) {}

  transport::Handler handler() {
    return [this](const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
      handle(request, responder);
    };
  }

  /// On the event loop.
  void handle(const ServerRequest& request, const std::shared_ptr<Responder>& client) {
    const Routed routed = route(request.method, request.target);
    const auto responder = std::make_shared<CountedResponder>(client, service.metrics, routed.path);
    if (!routed.open && !may_enter(request)) {
      reply_error(*responder, 401,
                  "the API key is missing or wrong; send it as Authorization: Bearer",
                  "invalid_api_key");
      return;
    }
    if (routed.status != 200) {
      reply_error(*responder, routed.status, routed.message,
                  routed.status == 404 ? "not_found" : "method_not_allowed");
      return;
    }
    try {
      answer(routed, request, responder);
    } catch (...) {
      reply_exception(*responder);
    }
  }

  bool may_enter(const ServerRequest& request) const {
    constexpr std::string_view scheme = "Bearer ";
    const std::string_view given = transport::header(request.headers, "Authorization");
    return options.api_key.empty() ||
           (given.size() > scheme.size() &&
            transport::equal_without_case(given.substr(0, scheme.size()), scheme) &&
            same_secret(given.substr(scheme.size()), options.api_key));
  }

  void answer(const Routed& routed, const ServerRequest& request,
              const std::shared_ptr<CountedResponder>& responder) {
    switch (routed.endpoint) {
      case Endpoint::page:
        responder->reply(200, "text/html; charset=utf-8", std::string(chat_page()));
        break;
      case Endpoint::health:
        responder->reply(200, "application/json", R"({"status":"ok"})");
        break;
      case Endpoint::metrics:
        responder->reply(200, "text/plain; version=0.0.4; charset=utf-8", metrics());
        break;
      case Endpoint::models:
        responder->reply(200, "application/json", models_json(service.models.names()));
        break;
      case Endpoint::model:
        service.models.select(routed.rest, std::nullopt);
        responder->reply(200, "application/json", model_json(routed.rest));
        break;
      case Endpoint::work:
        enqueue(routed.work(service, request.body), responder);
        break;
    }
  }

  std::string metrics() const {
    std::vector<Metrics::Gauge> gauges;
    if (options.gauges) {
      gauges = options.gauges();
    }
    gauges.push_back({.name = "requests_waiting",
                      .help = "Requests that wait for a thread.",
                      .labels = {},
                      .value = static_cast<double>(queue.size())});
    for (const auto& [name, weight] : service.models.adapters()) {
      if (weight) {
        gauges.push_back({.name = "adapter_weight",
                          .help = "What requests run with unless they choose for themselves.",
                          .labels = labels(std::array{
                              std::pair<std::string_view, std::string_view>{"adapter", name}}),
                          .value = *weight});
      }
    }
    return service.metrics.text(gauges);
  }

  void enqueue(Work work, const std::shared_ptr<CountedResponder>& responder) {
    Job job{.responder = responder,
            .run = [work = std::move(work), counted = responder.get()](
                       Responder&, const std::atomic<bool>& cancelled) {
              try {
                work(*counted, cancelled);
              } catch (...) {
                reply_exception(*counted);
              }
            }};
    if (!queue.push(job)) {
      reply_error(*responder, 429,
                  fmt::format("{} requests wait already; try again in a moment", options.queue),
                  "queue_full");
    }
  }

  /// A thread that answers.
  void answer_jobs() {
    while (const std::optional<Job> job = queue.pop()) {
      std::atomic<bool> cancelled = false;
      const GoneWatch watch(*job->responder, stopping, cancelled);
      job->run(*job->responder, cancelled);
    }
  }

  const ServeOptions options;
  Service& service;
  std::atomic<bool> stopping = false;
  JobQueue queue;
  transport::HttpServer http;  // last: its handler uses all of the above
};

Server::Server(const ServeOptions& options, Service& service) {
  if (service.ask.route == hybrid::Route::remote && !service.assistant.has_remote()) {
    throw Error(Code::bad_argument, "route is remote, and there is no remote model",
                "name one, or use route automatic");
  }
  if (options.parallel == 0) {
    throw Error(Code::bad_argument, "no request would ever be answered",
                "answer 1 at once at least");
  }
  state_ = std::make_unique<State>(options, service);
}

Server::~Server() = default;

std::uint16_t Server::port() const {
  return state_->http.port();
}

void Server::run() {
  /// Ends the threads that answer, however run() is left.
  struct Answerers {
    explicit Answerers(State& its_state) : state(its_state) {}
    void start() {
      while (threads.size() < state.options.parallel) {
        threads.push_back(start_thread([this] { state.answer_jobs(); }));
      }
    }
    ~Answerers() {
      state.stopping = true;
      state.queue.close();
      for (std::thread& thread : threads) {
        thread.join();
      }
    }
    Answerers(const Answerers&) = delete;
    Answerers& operator=(const Answerers&) = delete;
    State& state;
    std::vector<std::thread> threads;
  };
  state_->http.stop_on_signals();
  Answerers answerers(*state_);
  answerers.start();
  state_->http.run();
}

void Server::stop() {
  state_->http.stop();
}

}  // namespace crayon::serving
