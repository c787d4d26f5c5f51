#include "serving/server.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <new>
#include <thread>
#include <utility>

#include "base/error.h"
#include "serving/chat_reply.h"
#include "serving/gone_watch.h"
#include "serving/job_queue.h"
#include "serving/routes.h"
#include "transport/chat_api.h"

namespace crayon::serving {
namespace {

using transport::Responder;
using transport::ServerRequest;

/// Throws malformed or bad_argument, naming the field.
Job parse_job(std::string_view body, const ServeOptions& options) {
  transport::ChatRequest request = transport::ChatRequest::parse(body);
  if (request.max_tokens > options.max_tokens) {
    throw Error(Code::bad_argument, fmt::format("max_tokens is {}", request.max_tokens),
                fmt::format("ask for {} at most", options.max_tokens));
  }
  Job job;
  for (transport::ChatMessage& message : request.messages) {
    std::string& role = message.role;
    job.turns.push_back(
        {role == "developer" ? "system" : std::move(role), std::move(message.content)});
  }
  job.stream = request.stream;
  job.ask = options.ask;
  job.ask.generate = {
      .max_tokens = request.max_tokens,
      .sampler = {.temperature = static_cast<float>(request.temperature),
                  .top_k = request.top_k,
                  .top_p = static_cast<float>(request.top_p),
                  .min_p = static_cast<float>(request.min_p),
                  .repetition_penalty = static_cast<float>(request.repetition_penalty),
                  .seed = request.seed},
      .stop = std::move(request.stop),
      .speculate = options.ask.generate.speculate,
  };
  generation::check(job.ask.generate.sampler);
  return job;
}

std::string sentence_of(const Error& error) {
  return error.hint().empty() ? error.what() : fmt::format("{}; {}", error.what(), error.hint());
}

}  // namespace

struct Server::State {
  State(const ServeOptions& given, const hybrid::Assistant& answering)
      : options(given), assistant(answering), queue(given.queue), http(given.http, handler()) {}

  transport::Handler handler() {
    return [this](const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
      handle(request, responder);
    };
  }

  /// On the event loop.
  void handle(const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
    const Routed routed = route(request.method, request.target);
    if (routed.status != 200) {
      reply_error(*responder, routed.status, routed.message,
                  routed.status == 404 ? "not_found" : "method_not_allowed");
      return;
    }
    switch (routed.endpoint) {
      case Endpoint::health:
        responder->reply(200, "application/json", R"({"status":"ok"})");
        break;
      case Endpoint::models:
        responder->reply(200, "application/json", models_json(options.model_name));
        break;
      case Endpoint::chat_completions:
        enqueue(request.body, responder);
        break;
    }
  }

  void enqueue(std::string_view body, const std::shared_ptr<Responder>& responder) {
    try {
      Job job = parse_job(body, options);
      job.responder = responder;
      if (!queue.push(job)) {
        reply_error(*responder, 429, fmt::format("{} requests wait already", options.queue),
                    "queue_full");
      }
    } catch (const Error& error) {
      reply_error(*responder, status_of(error.code()), sentence_of(error), code_name(error.code()));
    }
  }

  /// The inference thread.
  void answer_jobs() {
    while (const std::optional<Job> job = queue.pop()) {
      answer(*job);
    }
  }

  void answer(const Job& job) {
    ChatReplyWriter writer(*job.responder, fmt::format("chatcmpl-{:x}-{}", epoch, ++answered),
                           options.model_name, job.stream);
    try {
      std::atomic<bool> cancelled = false;
      const GoneWatch watch(*job.responder, stopping, cancelled);
      hybrid::AskOptions ask = job.ask;
      ask.cancelled = &cancelled;
      hybrid::OnPiece on_piece;
      // A stream cannot be unsaid, so what a remote model begins to say is kept back until it
      // is known to be the answer.
      if (ask.route == hybrid::Route::local || !assistant.has_remote()) {
        on_piece = [&writer](const hybrid::AnswerPiece& piece) { writer.piece(piece.text); };
      }
      writer.end(assistant.ask(job.turns, ask, on_piece));
    } catch (const Error& error) {
      writer.fail(status_of(error.code()), sentence_of(error), code_name(error.code()));
    } catch (const std::bad_alloc&) {
      writer.fail(503, "there is not enough memory for this request", "out_of_memory");
    } catch (const std::exception&) {
      writer.fail(500, "internal error", "internal");
    }
  }

  const ServeOptions options;
  const hybrid::Assistant& assistant;
  /// Part of every reply's id, so that ids of two runs of a server differ.
  const std::int64_t epoch = std::chrono::system_clock::now().time_since_epoch().count();
  std::uint64_t answered = 0;
  std::atomic<bool> stopping = false;
  JobQueue queue;
  transport::HttpServer http;  // last: its handler uses all of the above
};

Server::Server(const ServeOptions& options, const hybrid::Assistant& assistant) {
  if (options.ask.route == hybrid::Route::remote && !assistant.has_remote()) {
    throw Error(Code::bad_argument, "route is remote, and there is no remote model",
                "name one, or use route automatic");
  }
  state_ = std::make_unique<State>(options, assistant);
}

Server::~Server() = default;

std::uint16_t Server::port() const {
  return state_->http.port();
}

void Server::run() {
  /// Ends the inference thread however run() is left.
  struct Inference {
    explicit Inference(State& serving)
        : state(serving), thread([&serving] { serving.answer_jobs(); }) {}
    ~Inference() {
      state.stopping = true;
      state.queue.close();
      thread.join();
    }
    Inference(const Inference&) = delete;
    Inference& operator=(const Inference&) = delete;
    State& state;
    std::thread thread;
  };
  state_->http.stop_on_signals();
  const Inference inference(*state_);
  state_->http.run();
}

void Server::stop() {
  state_->http.stop();
}

}  // namespace crayon::serving
