// Remotes that fail, and remotes that are late: the local answer takes their place.

#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/hybrid/ask_test.h"

namespace crayon::hybrid {
namespace {

using namespace std::chrono_literals;
using test::Peer;
using test::Socket;

/// What each kind of failing remote is called, with the local answer in its place.
struct Failure {
  const char* name;
  Peer::Script script;
  std::string reason;
  int restarts = 0;
  int attempts = 1;
};

class RemoteFault : public AskTest {
 protected:
  static std::vector<Failure> failures();
};

std::vector<Failure> RemoteFault::failures() {
  const auto cut_off = [](std::string bytes, bool reset) {
    return [bytes = std::move(bytes), reset](Socket& socket) {
      socket.receive_message();
      socket.send(bytes);
      if (reset) {
        std::this_thread::sleep_for(100ms);  // the bytes arrive before the reset
        socket.reset();
      }
    };
  };
  const std::string head(test::stream_head);
  const std::string until_close = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
  return {
      {"429", always(test::whole("429 Too Many Requests", "{}")), "HTTP 429", 0, 3},
      {"500", always(test::whole("500 Internal Server Error", "{}")), "HTTP 500"},
      {"502", always(test::whole("502 Bad Gateway", "{}")), "HTTP 502", 0, 3},
      {"503", always(test::whole("503 Service Unavailable", "{}")), "HTTP 503", 0, 3},
      {"504", always(test::whole("504 Gateway Timeout", "{}")), "HTTP 504", 0, 3},
      {"401", always(test::whole("401 Unauthorized", "{}")), "HTTP 401"},
      {"404", always(test::whole("404 Not Found", "no such model")), "HTTP 404"},
      {"redirect", always("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
       "HTTP 302"},
      {"closes at once", [](Socket& socket) { socket.close(); },
       "connection lost before the answer", 0, 3},
      {"closes after the request", cut_off("", false), "connection lost before the answer", 0, 3},
      {"killed in mid-stream",
       cut_off(head + test::delta("Ray") + test::delta("leigh \u00e9"), false),
       "connection lost after 10 characters", 1},
      {"reset in mid-stream", cut_off(head + test::delta("Scatter"), true),
       "connection lost after 7 characters", 1},
      {"a stream without an end",
       cut_off(until_close + transport::sse_event(transport::ChatReply{}.chunk_json("Hm", true)),
               false),
       "connection lost after 2 characters", 1},
      {"not HTTP", always("I am not a web server.\r\n\r\n"), "the reply is not a chat completion"},
      {"garbage", always(std::string("\x00\xff\x16\x03\x01garbage\x00", 12)),
       "the reply is not a chat completion"},
      {"events of garbage", always(head + test::chunk("data: {\"choices\": 7}\n\n")),
       "the reply is not a chat completion"},
      {"garbage in mid-stream", always(head + test::delta("Hm") + test::chunk("data: {{{{\n\n")),
       "the reply is not a chat completion", 1},
      {"another JSON", always(test::whole("200 OK", "{\"hello\":[]}")),
       "the reply is not a chat completion"},
      {"HTML", always(test::whole("200 OK", "<html>Log in to the hotel's network</html>")),
       "the reply is not a chat completion"},
      {"reports an error",
       always(head + test::delta("Hm") +
              test::chunk(transport::sse_event(transport::error_json("oom", "server", "500")))),
       "the remote reported an error", 1},
      {"says nothing", always(test::streamed({})), "the answer is empty"},
      {"an endless event",
       [head](Socket& socket) {
         socket.receive_message();
         socket.send(head);
         const std::string junk = test::chunk(std::string(65536, 'x'));
         while (socket.send(junk)) {
         }
       },
       "the reply is too large"},
  };
}

TEST_F(RemoteFault, EveryFailureOfTheRemoteGivesTheLocalAnswer) {
  const std::string expected = local_text();
  for (const Failure& failure : failures()) {
    for (const Route route : {Route::automatic, Route::remote}) {
      SCOPED_TRACE(std::string(failure.name) + (route == Route::remote ? ", remote" : ""));
      Peer peer(failure.script);
      AskOptions options = options_for(route);
      options.threshold = 1.0;
      Screen screen;
      const Answer answer = assistant_with(peer.url("")).ask(question, options, screen.on_piece());
      EXPECT_EQ(answer.route, Route::local);
      EXPECT_EQ(answer.reason, failure.reason);
      EXPECT_EQ(answer.text, expected);
      EXPECT_EQ(screen.text, expected);
      EXPECT_EQ(screen.restarts, failure.restarts);
      EXPECT_EQ(answer.score, answer.local.confidence());
      EXPECT_EQ(peer.connections(), failure.attempts);
    }
  }
}

TEST_F(RemoteFault, NobodyListens) {
  const std::string url = "http://127.0.0.1:" + std::to_string(test::closed_port());
  for (const Route route : {Route::automatic, Route::remote}) {
    AskOptions options = options_for(route);
    options.threshold = 1.0;
    const Answer answer = assistant_with(url).ask(question, options, {});
    EXPECT_EQ(answer.route, Route::local);
    EXPECT_EQ(answer.reason, "connection refused");
    EXPECT_EQ(answer.text, local_text());
  }
}

TEST_F(RemoteFault, ASilentRemoteCannotBreakTheDeadline) {
  Peer peer(silent);
  for (const Route route : {Route::automatic, Route::remote}) {
    AskOptions options = options_for(route, 1500ms);
    options.threshold = 1.0;
    Answer answer;
    const std::int64_t took = test::milliseconds_of(
        [&] { answer = assistant_with(peer.url("")).ask(question, options, {}); });
    EXPECT_GE(took, 1400);
    EXPECT_LT(took, 1500 + tolerance_ms);
    EXPECT_EQ(answer.route, Route::local);
    EXPECT_EQ(answer.reason, "no answer within 1500 ms");
    EXPECT_EQ(answer.text, local_text());
  }
}

TEST_F(RemoteFault, ASlowRemoteIsGivenUpInMidStream) {
  Peer peer([](Socket& socket) {
    socket.receive_message();
    socket.send(std::string(test::stream_head) + test::delta("Well"));
    while (socket.send(test::delta("..."))) {
      std::this_thread::sleep_for(20ms);
    }
  });
  Screen screen;
  const Answer answer =
      assistant_with(peer.url("")).ask(question, options_for(Route::remote, 1s), screen.on_piece());
  EXPECT_EQ(answer.route, Route::local);
  EXPECT_EQ(answer.reason, "no whole answer within 1000 ms");
  EXPECT_EQ(screen.restarts, 1);
  EXPECT_EQ(screen.text, local_text());
  EXPECT_EQ(screen.speakers, (std::vector<Route>{Route::remote, Route::local}));
}

TEST_F(RemoteFault, NoTimeIsLeftForTheRemote) {
  Peer peer(silent);
  AskOptions options = options_for(Route::automatic, 1ms);
  options.generate.max_tokens = 230;
  options.threshold = 1.0;
  const Answer answer = assistant_with(peer.url("")).ask(question, options, {});
  EXPECT_EQ(answer.reason, "no time left for the remote; local answer cut off at 1 ms");
  EXPECT_EQ(peer.connections(), 0);
}

}  // namespace
}  // namespace crayon::hybrid
