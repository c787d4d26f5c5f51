// How an assistant is called: options, cancelling, errors, threads.

#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/hybrid/ask_test.h"

namespace crayon::hybrid {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::Peer;
using test::Socket;

using AssistantCall = AskTest;

TEST_F(AssistantCall, CancellingEndsEverything) {
  std::atomic<bool> cancelled = false;
  AskOptions options = options_for(Route::local);
  options.generate.max_tokens = 200;
  options.cancelled = &cancelled;
  const Answer local = assistant_with("").ask(
      question, options, [&](const AnswerPiece& piece) { cancelled = !piece.text.empty(); });
  EXPECT_EQ(local.finish, generation::Finish::cancelled);
  EXPECT_EQ(local.reason, "cancelled");
  EXPECT_LT(local.local.tokens.size(), 200u);

  // A remote that is silent is left at once, too.
  cancelled = false;
  Peer peer([&](Socket& socket) {
    socket.receive_message();
    cancelled = true;
    socket.receive_until_end();
  });
  options.route = Route::remote;
  Answer answer;
  const std::int64_t took = test::milliseconds_of(
      [&] { answer = assistant_with(peer.url("")).ask(question, options, {}); });
  EXPECT_LT(took, tolerance_ms);
  EXPECT_EQ(answer.reason, "cancelled");
  // The local answer behind it has been cut off, unless it was done before the remote had heard.
  EXPECT_TRUE(answer.finish == generation::Finish::cancelled ||
              answer.local.tokens.size() == options.generate.max_tokens);
}

TEST_F(AssistantCall, WhatThePieceFunctionThrowsComesOut) {
  Peer peer(always(test::streamed({"Ray", "leigh"})));
  const OnPiece angry = [](const AnswerPiece&) { throw std::runtime_error("mine"); };
  for (const Route route : {Route::local, Route::remote}) {
    EXPECT_THROW(assistant_with(peer.url("")).ask(question, options_for(route), angry),
                 std::runtime_error);
  }
}

TEST_F(AssistantCall, RefusesBadOptions) {
  const auto refuse = [](const AskOptions& options) {
    return code_of([&] { assistant_with("").ask(question, options, {}); });
  };
  EXPECT_EQ(refuse(options_for(Route::remote)), Code::bad_argument);
  EXPECT_EQ(refuse(options_for(Route::local, 0ms)), Code::bad_argument);
  AskOptions options = options_for(Route::local);
  options.threshold = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(refuse(options), Code::bad_argument);
  options = options_for(Route::local);
  options.generate.sampler.top_p = 3.0f;
  EXPECT_EQ(refuse(options), Code::bad_argument);
  EXPECT_EQ(code_of([] { assistant_with("ftp://example.com"); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { assistant_with("localhost:80"); }), Code::bad_argument);
  Policy policy;
  policy.link.retry.attempts = 0;
  EXPECT_EQ(code_of([&] { assistant_with("http://h:1", policy); }), Code::bad_argument);
  policy = {};
  policy.link.breaker.pause = std::chrono::hours(25);
  EXPECT_EQ(code_of([&] { assistant_with("http://h:1", policy); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { assistant_with("", {}, going_by("telepathy", 0)); }), Code::unsupported);
  EXPECT_EQ(code_of([] { assistant_with("").ask({}, options_for(Route::local), {}); }),
            Code::bad_argument);
}

TEST_F(AssistantCall, SeveralThreadsMayAsk) {
  Peer peer(always(test::streamed({"Scattering."})));
  const Assistant assistant = assistant_with(peer.url(""));
  const std::string expected = local_text();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const Route route = i % 2 == 0 ? Route::local : Route::remote;
      EXPECT_EQ(assistant.ask(question, options_for(route), {}).text,
                route == Route::local ? expected : "Scattering.");
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace crayon::hybrid
