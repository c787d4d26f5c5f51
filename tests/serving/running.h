#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/generation/batch_generator.h"
#include "serving/server.h"
#include "tests/runtime/generation/tiny_model.h"
#include "tests/support/support.h"
#include "transport/http_client.h"
#include "transport/sse.h"

namespace crayon::serving {

using hybrid::Assistant;
using hybrid::Route;
using nlohmann::json;
using test::TinyModel;
using transport::ClientResponse;

/// How a server of these tests answers.
struct Arrangement {
  ServeOptions serve;
  hybrid::AskOptions ask;
};

inline Arrangement arranged(Route route) {
  Arrangement setup;
  setup.serve.http.port = 0;
  setup.ask.route = route;
  setup.ask.threshold = 1.0;
  return setup;
}

/// Everything that a server needs, with a tiny model.
class Backend {
 public:
  explicit Backend(const hybrid::AskOptions& ask, const std::string& remote_url = "",
                   std::size_t parallel = 4)
      : generator_(std::make_shared<generation::BatchGenerator>(
            TinyModel::get().model(), TinyModel::get().tokenizer(),
            generation::BatchOptions{.sequences = static_cast<std::uint32_t>(parallel),
                                     .context = 256})),
        assistant_(generator_, {}, {.url = remote_url, .model = {}}),
        service_{.generator = generator_,
                 .assistant = assistant_,
                 .models = ServedModels("tiny", {}, {}),
                 .ask = ask} {}

  const Assistant& assistant() const { return assistant_; }
  Service& service() { return service_; }

 private:
  std::shared_ptr<generation::BatchGenerator> generator_;
  Assistant assistant_;
  Service service_;
};

/// A server that runs in a thread of its own.
class Running {
 public:
  explicit Running(const Arrangement& setup = arranged(Route::local),
                   const std::string& remote_url = "")
      : backend_(setup.ask, remote_url, setup.serve.parallel),
        server_(setup.serve, backend_.service()),
        thread_([this] { server_.run(); }) {}
  ~Running() { stop(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void stop() {
    if (thread_.joinable()) {
      server_.stop();
      thread_.join();
    }
  }

  const Assistant& assistant() const { return backend_.assistant(); }
  Service& service() { return backend_.service(); }
  std::uint16_t port() const { return server_.port(); }
  std::string url(const std::string& path = "") const {
    return "http://127.0.0.1:" + std::to_string(port()) + path;
  }

  ClientResponse get(const std::string& path) const { return transport::fetch({.url = url(path)}); }
  ClientResponse post(const std::string& body, const transport::OnBody& on_body = {},
                      const std::atomic<bool>* cancelled = nullptr) const {
    return post_to("/v1/chat/completions", body, on_body, cancelled);
  }
  ClientResponse post_to(const std::string& path, const std::string& body,
                         const transport::OnBody& on_body = {},
                         const std::atomic<bool>* cancelled = nullptr) const {
    return transport::fetch(
        {.method = "POST", .url = url(path), .body = body, .cancelled = cancelled}, on_body);
  }

 private:
  Backend backend_;
  Server server_;
  std::thread thread_;
};

inline json request_for(const std::string& question) {
  return {{"messages", {{{"role", "user"}, {"content", question}}}},
          {"max_tokens", 12},
          {"temperature", 1.0},
          {"seed", 3}};
}

/// What the assistant says to request_for(question).
inline hybrid::Answer expected_answer(const Running& running, const std::string& question) {
  hybrid::AskOptions ask;
  ask.route = Route::local;
  ask.generate = {.max_tokens = 12, .sampler = {.temperature = 1.0f, .seed = 3}};
  const std::vector<generation::Turn> turns = {{"user", question}};
  return running.assistant().ask(turns, ask, {});
}

/// The data of a stream's events.
inline std::vector<std::string> events_of(const Running& running, json request,
                                          const std::string& path = "/v1/chat/completions") {
  request["stream"] = true;
  transport::SseParser parser;
  std::vector<std::string> events;
  const ClientResponse response =
      running.post_to(path, request.dump(), [&](std::string_view bytes) {
        return parser.push(bytes, [&](std::string_view data) {
          events.emplace_back(data);
          return true;
        });
      });
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(transport::header(response.headers, "Content-Type"), "text/event-stream");
  return events;
}

inline std::string error_of(const ClientResponse& response, int status) {
  EXPECT_EQ(response.status, status) << response.body;
  const json error = json::parse(response.body).at("error");
  EXPECT_TRUE(error.at("type").is_string());
  EXPECT_TRUE(error.at("code").is_string());
  return error.at("message");
}

}  // namespace crayon::serving
