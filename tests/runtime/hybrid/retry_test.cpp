// A remote that fails once is asked again; one that keeps failing is left alone.

#include <atomic>
#include <mutex>
#include <thread>

#include "tests/runtime/hybrid/ask_test.h"

namespace crayon::hybrid {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::Peer;
using test::Socket;

constexpr const char* left_alone = "the remote is left alone after it has failed";

class Retry : public AskTest {
 protected:
  /// Each connection gets the next reply, and the last one again and again.
  static Peer::Script one_after_the_other(std::vector<std::string> replies) {
    auto next = std::make_shared<std::atomic<std::size_t>>(0);
    return [replies = std::move(replies), next](Socket& socket) {
      socket.receive_message();
      socket.send(replies[std::min<std::size_t>((*next)++, replies.size() - 1)]);
    };
  }
  /// A clock that stands until it is moved.
  Policy with_clock(Policy policy) {
    policy.link.now = [this] { return SteadyTime(std::chrono::seconds(seconds_)); };
    return policy;
  }
  static Answer ask(const Assistant& assistant, Route route = Route::remote) {
    AskOptions options = options_for(route);
    options.threshold = 1.0;
    return assistant.ask(question, options, {});
  }

  std::atomic<std::int64_t> seconds_ = 1000000;
};

TEST_F(Retry, WhatPassesIsTriedAgain) {
  Peer peer(one_after_the_other(
      {test::whole("503 Service Unavailable", "{}"), "", test::streamed({"Scattering."})}));
  const Answer answer = ask(assistant_with(peer.url("")));
  EXPECT_EQ(answer.route, Route::remote);
  EXPECT_EQ(answer.text, "Scattering.");
  EXPECT_EQ(peer.connections(), 3);
}

TEST_F(Retry, TheRemoteSaysWhen) {
  const auto busy = [](const std::string& after) {
    return "HTTP/1.1 429 Too Many Requests\r\nRetry-After: " + after +
           "\r\nContent-Length: 0\r\n\r\n";
  };
  Peer soon(one_after_the_other({busy("1"), test::streamed({"Scattering."})}));
  Answer answer;
  EXPECT_GE(test::milliseconds_of([&] { answer = ask(assistant_with(soon.url(""))); }), 1000);
  EXPECT_EQ(answer.text, "Scattering.");
  EXPECT_EQ(soon.connections(), 2);
  // Later than the deadline: not at all. What is no number is not gone by.
  Peer late(always(busy("21")));
  EXPECT_EQ(ask(assistant_with(late.url(""))).reason, "HTTP 429");
  EXPECT_EQ(late.connections(), 1);
  Peer never(always(busy("tomorrow")));
  EXPECT_EQ(ask(assistant_with(never.url(""))).reason, "HTTP 429");
  EXPECT_EQ(never.connections(), 3);
}

TEST_F(Retry, WaitsDoubleUpToALimit) {
  const RetryOptions options;
  EXPECT_EQ(longest_wait(options, 1), 250ms);
  EXPECT_EQ(longest_wait(options, 2), 500ms);
  EXPECT_EQ(longest_wait(options, 5), 4000ms);
  EXPECT_EQ(longest_wait(options, 4000000000u), 4000ms);
}

TEST_F(Retry, CancellingEndsTheWait) {
  std::atomic<bool> cancelled = false;
  Peer peer([&](Socket& socket) {
    socket.receive_message();
    socket.send("HTTP/1.1 503 Busy\r\nRetry-After: 15\r\nContent-Length: 0\r\n\r\n");
    cancelled = true;
  });
  AskOptions options = options_for(Route::remote);
  options.cancelled = &cancelled;
  Answer answer;
  EXPECT_LT(test::milliseconds_of(
                [&] { answer = assistant_with(peer.url("")).ask(question, options, {}); }),
            tolerance_ms);
  EXPECT_EQ(answer.reason, "cancelled");
}

TEST_F(Retry, ARemoteThatKeepsFailingIsLeftAlone) {
  std::atomic<bool> well = false;
  Peer peer([&](Socket& socket) {
    socket.receive_message();
    socket.send(well ? test::streamed({"Scattering."}) : test::whole("500 Oops", "{}"));
  });
  const Assistant assistant = assistant_with(peer.url(""), with_clock(impatient()));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(assistant).reason, "HTTP 500");
  }
  for (const Route route : {Route::remote, Route::automatic}) {
    const Answer answer = ask(assistant, route);
    EXPECT_EQ(answer.reason, left_alone);
    EXPECT_EQ(answer.text, local_text());
  }
  EXPECT_EQ(peer.connections(), 3);
  AskOptions sure = options_for(Route::automatic);
  sure.threshold = 0;
  EXPECT_EQ(assistant.ask(question, sure, {}).reason, "confident");

  seconds_ += 30;
  EXPECT_EQ(ask(assistant).reason, "HTTP 500");  // the one that tries
  EXPECT_EQ(ask(assistant).reason, left_alone);
  well = true;
  seconds_ += 60;
  EXPECT_EQ(ask(assistant).text, "Scattering.");
  EXPECT_EQ(ask(assistant).text, "Scattering.");
  EXPECT_EQ(peer.connections(), 6);
}

TEST_F(Retry, ARefusalOfTheRequestIsNoFailureOfTheRemote) {
  Peer peer(always(test::whole("404 Not Found", "{}")));
  const Assistant assistant = assistant_with(peer.url(""));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(ask(assistant).reason, "HTTP 404");
  }
}

TEST_F(Retry, TheBudgetIsKept) {
  Peer peer(always(test::streamed({"Scattering."})));
  Policy policy = with_clock(impatient());
  policy.link.budget.requests_per_hour = 2;
  const Assistant assistant = assistant_with(peer.url(""), policy);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ask(assistant).route, Route::remote);
  }
  for (const Route route : {Route::remote, Route::automatic}) {
    EXPECT_EQ(ask(assistant, route).reason, "the hour's 2 requests are used up");
  }
  seconds_ += 3700;
  EXPECT_EQ(ask(assistant, Route::automatic).route, Route::remote);
  EXPECT_EQ(peer.connections(), 3);
}

TEST_F(Retry, AttemptsCountForTheBudget) {
  Peer peer(always(test::whole("503 Service Unavailable", "{}")));
  Policy policy = with_clock(impatient());
  policy.link.budget.requests_per_hour = 2;
  EXPECT_EQ(ask(assistant_with(peer.url(""), policy)).reason, "HTTP 503");
  EXPECT_EQ(peer.connections(), 2);
}

TEST_F(Retry, TheKeyIsSentAndNeverSpokenOf) {
  std::mutex mutex;
  std::string received;
  Peer peer([&](Socket& socket) {
    const std::lock_guard lock(mutex);
    received = socket.receive_message();
    socket.send(test::whole("401 Unauthorized", "{}"));
  });
  const test::TinyModel& tiny = test::TinyModel::get();
  const auto with_key = [&](const std::string& key) {
    return Assistant(std::make_shared<generation::SessionGenerator>(tiny.model(), tiny.tokenizer()),
                     {}, {.url = peer.url(""), .model = {}, .api_key = key});
  };
  const Answer answer = ask(with_key("sk-secret"));
  EXPECT_EQ(answer.reason, "HTTP 401");
  {
    const std::lock_guard lock(mutex);
    EXPECT_NE(received.find("\r\nAuthorization: Bearer sk-secret\r\n"), std::string::npos);
  }
  std::string sentence;
  EXPECT_EQ(code_of([&] { with_key("sk-secret\nX-Evil: 1"); }, &sentence), Code::bad_argument);
  EXPECT_EQ(sentence.find("sk-"), std::string::npos) << sentence;
}

}  // namespace
}  // namespace crayon::hybrid
