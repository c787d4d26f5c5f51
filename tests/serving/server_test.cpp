#include "serving/server.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/hybrid/fake_remote.h"
#include "tests/serving/running.h"
#include "tests/support/support.h"
#include "tests/transport/sockets.h"

namespace crayon::serving {
namespace {

using namespace std::chrono_literals;
using test::Peer;
using test::Socket;

TEST(Server, HealthAndModels) {
  const Running running;
  EXPECT_EQ(running.get("/health").body, R"({"status":"ok"})");
  const json models = json::parse(running.get("/v1/models").body);
  EXPECT_EQ(models.at("data").at(0).at("id"), "tiny");
}

TEST(Server, AnswersAsTheAssistantDoes) {
  const Running running;
  const ClientResponse response = running.post(request_for("Why?").dump());
  EXPECT_EQ(response.status, 200);
  const json reply = json::parse(response.body);
  const hybrid::Answer expected = expected_answer(running, "Why?");
  EXPECT_EQ(reply.at("object"), "chat.completion");
  EXPECT_EQ(reply.at("model"), "tiny");
  EXPECT_EQ(reply.at("id").get<std::string>().rfind("chatcmpl-", 0), 0u);
  EXPECT_GT(reply.at("created"), 1'600'000'000);
  const json& choice = reply.at("choices").at(0);
  EXPECT_EQ(choice.at("message").at("role"), "assistant");
  EXPECT_EQ(choice.at("message").at("content"), expected.text);
  EXPECT_EQ(choice.at("finish_reason"), "length");
  EXPECT_EQ(reply.at("usage").at("prompt_tokens"), expected.prompt_tokens);
  EXPECT_EQ(reply.at("usage").at("completion_tokens"), 12);
  EXPECT_EQ(reply.at("x_crayon").at("route"), "local");
  EXPECT_EQ(reply.at("x_crayon").at("reason"), "asked for");
  EXPECT_DOUBLE_EQ(reply.at("x_crayon").at("score"), expected.score);
  EXPECT_GT(reply.at("timings").at("prompt_ms"), 0.0);
  EXPECT_GT(reply.at("timings").at("predicted_ms"), 0.0);
}

TEST(Server, AStreamSaysTheSame) {
  const Running running;
  const std::vector<std::string> events = events_of(running, request_for("Why?"));
  ASSERT_GE(events.size(), 3u);
  EXPECT_EQ(events.back(), "[DONE]");
  std::string text;
  std::string id;
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    const json event = json::parse(events[i]);
    EXPECT_EQ(event.at("object"), "chat.completion.chunk");
    EXPECT_EQ(event.at("model"), "tiny");
    id = id.empty() ? event.at("id").get<std::string>() : id;
    EXPECT_EQ(event.at("id"), id);
    const json& choice = event.at("choices").at(0);
    EXPECT_EQ(choice.at("delta").contains("role"), i == 0);
    text += choice.at("delta").value("content", "");
    const bool last = i + 2 == events.size();
    EXPECT_EQ(choice.at("finish_reason").is_null(), !last);
  }
  EXPECT_EQ(text, expected_answer(running, "Why?").text);
  const json last = json::parse(events[events.size() - 2]);
  EXPECT_EQ(last.at("choices").at(0).at("finish_reason"), "length");
  EXPECT_EQ(last.at("x_crayon").at("route"), "local");
  EXPECT_EQ(last.at("usage").at("completion_tokens"), 12);
}

TEST(Server, FollowsTheRequest) {
  const Running running;
  const std::string whole = expected_answer(running, "Why?").text;
  const auto content = [&](const json& request) {
    return json::parse(running.post(request.dump()).body)
        .at("choices")
        .at(0)
        .at("message")
        .at("content")
        .get<std::string>();
  };
  json request = request_for("Why?");
  request["seed"] = 4;
  EXPECT_NE(content(request), whole);
  request = request_for("Why?");
  request["max_tokens"] = 3;
  EXPECT_LT(content(request).size(), whole.size());
  // A stop text of one whole character from the middle of the answer.
  std::size_t at = whole.size() / 2;
  while ((whole[at] & 0xc0) == 0x80) {
    ++at;
  }
  std::size_t end = at + 1;
  while (end < whole.size() && (whole[end] & 0xc0) == 0x80) {
    ++end;
  }
  const std::string stop = whole.substr(at, end - at);
  request = request_for("Why?");
  request["stop"] = stop;
  const json reply = json::parse(running.post(request.dump()).body);
  EXPECT_EQ(reply.at("choices").at(0).at("finish_reason"), "stop");
  EXPECT_EQ(
      whole.rfind(reply.at("choices").at(0).at("message").at("content").get<std::string>(), 0), 0u);
}

TEST(Server, ErrorsNameTheField) {
  const Running running;
  EXPECT_EQ(running.get("/index.html").status, 404);
  error_of(running.get("/v1/nothing"), 404);
  error_of(running.get("/v1/chat/completions"), 405);
  error_of(running.post("{"), 400);
  error_of(running.post(std::string(100000, '[')), 400);
  EXPECT_NE(error_of(running.post("{}"), 400).find("messages"), std::string::npos);
  const auto refuse = [&](const char* field, const json& value) {
    json request = request_for("Why?");
    request[field] = value;
    EXPECT_NE(error_of(running.post(request.dump()), 400).find(field), std::string::npos) << field;
  };
  refuse("temperature", -1);
  refuse("top_p", 7);
  refuse("max_tokens", 5000);
  refuse("stop", 5);
  json request = request_for("Why?");
  request["messages"][0]["role"] = "tool";
  EXPECT_NE(error_of(running.post(request.dump()), 400).find("messages[0].role"),
            std::string::npos);
}

TEST(Server, APromptThatIsTooLongIsTheClientsError) {
  const Running running;
  for (const bool stream : {false, true}) {
    json request = request_for(std::string(3000, 'y'));
    request["stream"] = stream;
    const ClientResponse response = running.post(request.dump());
    EXPECT_NE(error_of(response, 400).find("tokens"), std::string::npos);
    EXPECT_EQ(json::parse(response.body).at("error").at("code"), "context_full");
  }
}

TEST(Server, ClientsWaitForEachOther) {
  const Running running;
  const std::string expected = expected_answer(running, "Why?").text;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      for (int round = 0; round < 3; ++round) {
        const ClientResponse response = running.post(request_for("Why?").dump());
        EXPECT_EQ(transport::ChatReply::parse(response.body).content, expected);
      }
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
}

/// A remote that keeps its first client waiting for ever, and answers the others.
class SlowOnce {
 public:
  SlowOnce()
      : peer_([this](Socket& socket) {
          socket.receive_message();
          if (!slow_done_) {
            waiting_ = true;
            socket.receive_until_end();
            slow_done_ = true;
            return;
          }
          socket.send(test::streamed({"At last."}));
        }) {}
  std::string url() const { return peer_.url(""); }
  bool waiting() const { return waiting_; }
  bool left() const { return slow_done_; }

 private:
  std::atomic<bool> slow_done_ = false;
  std::atomic<bool> waiting_ = false;
  Peer peer_;
};

TEST(Server, AFullQueueRefusesAndAClientThatLeavesEndsItsQuestion) {
  SlowOnce remote;
  Arrangement setup = arranged(Route::remote);
  setup.serve.parallel = 1;
  setup.serve.queue = 1;
  const Running running(setup, remote.url());
  std::atomic<bool> leave = false;
  std::thread first([&] {
    EXPECT_EQ(test::code_of([&] { running.post(request_for("1").dump(), {}, &leave); }),
              Code::cancelled);
  });
  ASSERT_TRUE(test::eventually([&] { return remote.waiting(); }));
  std::atomic<bool> answered = false;
  std::thread second([&] {
    ClientResponse response;
    do {  // an impatient one may have been faster to the queue
      response = running.post(request_for("2").dump());
    } while (response.status == 429);
    answered = true;
    EXPECT_EQ(transport::ChatReply::parse(response.body).content, "At last.");
  });
  // The second waits in the queue as soon as another is refused.
  ASSERT_TRUE(test::eventually([&] {
    std::atomic<bool> soon = false;
    std::thread impatient([&] {
      std::this_thread::sleep_for(100ms);
      soon = true;
    });
    int status = 0;
    try {
      status = running.post(request_for("3").dump(), {}, &soon).status;
    } catch (const Error&) {  // it was this one that waited
    }
    impatient.join();
    return status == 429;
  }));
  EXPECT_FALSE(answered);
  EXPECT_EQ(running.get("/health").status, 200);  // the event loop is free all the while
  leave = true;
  first.join();
  EXPECT_TRUE(test::eventually([&] { return remote.left(); }));  // long before the deadline
  second.join();
}

TEST(Server, AStreamIsNeverUnsaid) {
  Peer broken([](Socket& socket) {
    socket.receive_message();
    socket.send(std::string(test::stream_head) + test::delta("This is va") + test::delta("in"));
  });
  for (const Route route : {Route::automatic, Route::remote}) {
    const Running running(arranged(route), broken.url(""));
    const auto events = events_of(running, request_for("Why?"));
    std::string text;
    for (std::size_t i = 0; i + 1 < events.size(); ++i) {
      text += transport::ChatChunk::parse(events[i]).delta;
    }
    EXPECT_EQ(text, expected_answer(running, "Why?").text);
    const json last = json::parse(events[events.size() - 2]);
    EXPECT_EQ(last.at("x_crayon").at("route"), "local");
    EXPECT_EQ(last.at("x_crayon").at("reason"), "connection lost after 12 characters");
  }
}

TEST(Server, IsARemoteForAnother) {
  const Running large;
  const Running small(arranged(Route::automatic), large.url());
  for (const bool stream : {false, true}) {
    const std::string expected = expected_answer(large, "Why?").text;
    if (stream) {
      std::string text;
      for (const std::string& event : events_of(small, request_for("Why?"))) {
        text += event == "[DONE]" ? "" : transport::ChatChunk::parse(event).delta;
      }
      EXPECT_EQ(text, expected);
      continue;
    }
    const auto reply = transport::ChatReply::parse(small.post(request_for("Why?").dump()).body);
    EXPECT_EQ(reply.content, expected);
    ASSERT_TRUE(reply.routing);
    EXPECT_EQ(reply.routing->route, "remote");
    EXPECT_EQ(reply.routing->reason.rfind("score 0.", 0), 0u);
    EXPECT_EQ(reply.routing->threshold, 1.0);
    EXPECT_EQ(reply.predicted_ms, 0.0);
  }
}

TEST(Server, StopsWithAQuestionUnderWay) {
  SlowOnce remote;
  Arrangement setup = arranged(Route::remote);
  setup.serve.http.grace = 300ms;
  Running running(setup, remote.url());
  std::thread client([&] {
    try {
      running.post(request_for("Why?").dump());
    } catch (const Error&) {  // the server has closed the connection
    }
  });
  ASSERT_TRUE(test::eventually([&] { return remote.waiting(); }));
  EXPECT_LT(test::milliseconds_of([&] { running.stop(); }), 10000);  // the deadline is 30 s
  client.join();
}

TEST(Server, RefusesAnAddressInUseAndARemoteThatIsNot) {
  const Running running;
  Arrangement setup = arranged(Route::local);
  Backend backend(setup.ask);
  setup.serve.http.port = running.port();
  EXPECT_EQ(test::code_of([&] { Server(setup.serve, backend.service()); }), Code::io);
  Backend remote(arranged(Route::remote).ask);
  EXPECT_EQ(test::code_of([&] { Server(ServeOptions{}, remote.service()); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::serving
