#include "runtime/hybrid/assistant.h"

#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "runtime/hybrid/router.h"
#include "tests/runtime/generation/tiny_model.h"
#include "tests/runtime/hybrid/fake_remote.h"
#include "tests/support/support.h"
#include "tests/transport/sockets.h"

namespace crayon::hybrid {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::Peer;
using test::Socket;
using test::TinyModel;

const std::vector<generation::Turn> question = {{"user", "Why is the sky blue?"}};

/// What a slow machine, an emulator or a sanitizer may add to a deadline.
constexpr std::int64_t tolerance_ms = 2500;

AskOptions options_for(Route route, std::chrono::milliseconds deadline = 20s) {
  AskOptions options;
  options.route = route;
  options.deadline = deadline;
  options.generate = {
      .max_tokens = 12, .sampler = {.temperature = 1.0f, .seed = 3}, .ignore_end = true};
  return options;
}

Assistant assistant_with(const std::string& url) {
  const TinyModel& tiny = TinyModel::get();
  return {tiny.model(), tiny.tokenizer(), {}, {.url = url, .model = "big"}};
}

/// Follows the pieces as a program that shows them would.
struct Screen {
  std::string text;
  std::vector<Route> speakers;
  int restarts = 0;
  OnPiece on_piece() {
    return [this](const AnswerPiece& piece) {
      if (piece.restart) {
        ++restarts;
        text.clear();
      }
      text += piece.text;
      if (speakers.empty() || speakers.back() != piece.route) {
        speakers.push_back(piece.route);
      }
    };
  }
};

/// Answers every request with the same bytes.
Peer::Script always(std::string reply) {
  return [reply = std::move(reply)](Socket& socket) {
    socket.receive_message();
    socket.send(reply);
  };
}

/// Reads, and says nothing until the client goes.
void silent(Socket& socket) {
  socket.receive_until_end();
}

std::string local_text() {
  return assistant_with("").ask(question, options_for(Route::local), {}).text;
}

TEST(Router, ComparesTheScoreWithTheThreshold) {
  EXPECT_FALSE(decide(0.5, 0.5).offload);
  EXPECT_FALSE(decide(0.0, 0.0).offload);
  const Decision low = decide(0.25, 0.5);
  EXPECT_TRUE(low.offload);
  EXPECT_EQ(low.reason, "score 0.250 below 0.500");
  generation::Generated sure;
  sure.log_probabilities = {0.0, 0.0};
  EXPECT_EQ(local_score(sure), 1.0);
  EXPECT_EQ(local_score({}), 0.0);
}

TEST(Assistant, LocalOpensNoSocket) {
  Peer peer(silent);
  Screen screen;
  const Answer answer =
      assistant_with(peer.url("")).ask(question, options_for(Route::local), screen.on_piece());
  EXPECT_EQ(answer.route, Route::local);
  EXPECT_EQ(answer.reason, "asked for");
  EXPECT_EQ(answer.finish, generation::Finish::length);
  EXPECT_FALSE(answer.text.empty());
  EXPECT_EQ(screen.text, answer.text);
  EXPECT_EQ(screen.restarts, 0);
  EXPECT_EQ(answer.score, answer.local.confidence());
  EXPECT_EQ(answer.completion_tokens, 12u);
  EXPECT_GT(answer.prompt_tokens, 5u);
  EXPECT_EQ(peer.connections(), 0);
}

TEST(Assistant, AutomaticKeepsAConfidentAnswerAtHome) {
  Peer peer(silent);
  AskOptions options = options_for(Route::automatic);
  options.threshold = 0.0;
  Screen screen;
  const Answer answer = assistant_with(peer.url("")).ask(question, options, screen.on_piece());
  EXPECT_EQ(answer.route, Route::local);
  EXPECT_EQ(answer.reason, "confident");
  EXPECT_EQ(answer.text, local_text());
  EXPECT_EQ(screen.text, answer.text);
  EXPECT_EQ(peer.connections(), 0);
}

TEST(Assistant, AutomaticWithoutARemoteIsLocal) {
  AskOptions options = options_for(Route::automatic);
  options.threshold = 1.0;
  const Answer answer = assistant_with("").ask(question, options, {});
  EXPECT_EQ(answer.route, Route::local);
  EXPECT_EQ(answer.reason, "no remote");
  EXPECT_EQ(answer.text, local_text());
  EXPECT_LT(answer.score, 1.0);
}

TEST(Assistant, AutomaticOffloadsWhatItDoubts) {
  Peer peer(always(test::streamed({"Ray", "leigh ", "scattering."})));
  AskOptions options = options_for(Route::automatic);
  options.threshold = 1.0;
  Screen screen;
  const Answer answer = assistant_with(peer.url("")).ask(question, options, screen.on_piece());
  EXPECT_EQ(answer.text, "Rayleigh scattering.");
  EXPECT_EQ(answer.route, Route::remote);
  EXPECT_EQ(answer.reason.rfind("score 0.", 0), 0u) << answer.reason;
  EXPECT_EQ(answer.finish, generation::Finish::stop);
  EXPECT_EQ(answer.score, answer.local.confidence());
  EXPECT_EQ(answer.threshold, 1.0);
  EXPECT_GT(answer.completion_tokens, 0u);
  EXPECT_EQ(screen.text, answer.text);
  EXPECT_EQ(screen.speakers, std::vector<Route>{Route::remote});  // the doubted one never showed
}

TEST(Assistant, RemoteAnswersAtOnceAndTheLocalOneIsCancelled) {
  Peer peer(always(test::streamed({"Scattering."}, "length")));
  AskOptions options = options_for(Route::remote);
  options.generate.max_tokens = 200;
  Screen screen;
  const Answer answer = assistant_with(peer.url("/v1/")).ask(question, options, screen.on_piece());
  EXPECT_EQ(answer.text, "Scattering.");
  EXPECT_EQ(answer.route, Route::remote);
  EXPECT_EQ(answer.reason, "asked for");
  EXPECT_EQ(answer.finish, generation::Finish::length);
  EXPECT_EQ(answer.score, 0.0);
  EXPECT_TRUE(answer.local.tokens.empty());
  EXPECT_EQ(screen.text, "Scattering.");
}

TEST(Assistant, ExactlyTheRequestIsSent) {
  std::mutex mutex;
  std::string received;
  Peer peer([&](Socket& socket) {
    const std::string message = socket.receive_message();
    {
      const std::lock_guard lock(mutex);
      received = message;
    }
    socket.send(test::streamed({"ok"}));
  });
  const std::vector<generation::Turn> turns = {
      {"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Hello."}, {"user", "Why?"}};
  AskOptions options = options_for(Route::remote);
  options.generate.sampler = {.temperature = 0.7f, .top_k = 40, .top_p = 0.9f, .seed = 11};
  options.generate.stop = {"\n\n"};
  assistant_with(peer.url("")).ask(turns, options, {});

  transport::ChatRequest expected;
  expected.model = "big";
  expected.messages = {
      {"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Hello."}, {"user", "Why?"}};
  expected.stream = true;
  expected.max_tokens = 12;
  expected.temperature = 0.7;
  expected.top_p = 0.9;
  expected.top_k = 40;
  expected.seed = 11;
  expected.stop = {"\n\n"};
  const std::lock_guard lock(mutex);
  EXPECT_EQ(received.substr(received.find("\r\n\r\n") + 4), expected.to_json());
  EXPECT_EQ(received.rfind("POST /v1/chat/completions HTTP/1.1\r\n", 0), 0u) << received;
}

/// What each kind of failing remote is called, with the local answer in its place.
struct Failure {
  const char* name;
  Peer::Script script;
  std::string reason;
  int restarts = 0;
};

std::vector<Failure> failures() {
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
      {"503", always(test::whole("503 Service Unavailable", "{}")), "HTTP 503"},
      {"404", always(test::whole("404 Not Found", "no such model")), "HTTP 404"},
      {"redirect", always("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
       "HTTP 302"},
      {"closes at once", [](Socket& socket) { socket.close(); },
       "connection lost before the answer"},
      {"closes after the request", cut_off("", false), "connection lost before the answer"},
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

TEST(Assistant, EveryFailureOfTheRemoteGivesTheLocalAnswer) {
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
      EXPECT_EQ(peer.connections(), 1);
    }
  }
}

TEST(Assistant, NobodyListens) {
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

TEST(Assistant, ASilentRemoteCannotBreakTheDeadline) {
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

TEST(Assistant, ASlowRemoteIsGivenUpInMidStream) {
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

TEST(Assistant, ALocalAnswerThatIsLateIsCutOff) {
  AskOptions options = options_for(Route::local, 1ms);
  options.generate.max_tokens = 230;
  const Answer answer = assistant_with("").ask(question, options, {});
  EXPECT_EQ(answer.finish, generation::Finish::length);
  EXPECT_LT(answer.local.tokens.size(), 230u);
  EXPECT_EQ(answer.reason, "asked for; local answer cut off at 1 ms");
}

TEST(Assistant, NoTimeIsLeftForTheRemote) {
  Peer peer(silent);
  AskOptions options = options_for(Route::automatic, 1ms);
  options.generate.max_tokens = 230;
  options.threshold = 1.0;
  const Answer answer = assistant_with(peer.url("")).ask(question, options, {});
  EXPECT_EQ(answer.reason, "no time left for the remote; local answer cut off at 1 ms");
  EXPECT_EQ(peer.connections(), 0);
}

TEST(Assistant, APeerThatDoesNotStreamIsUnderstood) {
  transport::ChatReply reply;
  reply.content = " Scattering. ";
  reply.finish_reason = "stop";
  Peer peer(always(test::whole("200 OK", reply.to_json())));
  Screen screen;
  const Answer answer =
      assistant_with(peer.url("")).ask(question, options_for(Route::remote), screen.on_piece());
  EXPECT_EQ(answer.route, Route::remote);
  EXPECT_EQ(answer.text, "Scattering.");
  EXPECT_EQ(screen.text, "Scattering.");
}

TEST(Assistant, WhiteSpaceAroundAnAnswerIsLeftOut) {
  Peer peer(always(test::streamed({"\n", " One ", "\n\n", "two.", "\n", " "})));
  Screen screen;
  const Answer answer =
      assistant_with(peer.url("")).ask(question, options_for(Route::remote), screen.on_piece());
  EXPECT_EQ(answer.text, "One \n\ntwo.");
  EXPECT_EQ(screen.text, answer.text);
}

TEST(Assistant, CancellingEndsEverything) {
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
  EXPECT_EQ(answer.finish, generation::Finish::cancelled);
}

TEST(Assistant, ATooLongQuestionIsForTheRemoteAlone) {
  std::vector<generation::Turn> turns = question;
  for (int i = 0; i < 200; ++i) {
    turns[0].content += " why, oh why?";
  }
  for (const Route route : {Route::automatic, Route::remote}) {
    Peer peer(always(test::streamed({"Because."})));
    const Answer answer = assistant_with(peer.url("")).ask(turns, options_for(route), {});
    EXPECT_EQ(answer.text, "Because.");
    EXPECT_EQ(answer.route, Route::remote);
    Peer broken(always(test::whole("500 Oops", "")));
    EXPECT_EQ(code_of([&] { assistant_with(broken.url("")).ask(turns, options_for(route), {}); }),
              Code::context_full);
  }
  EXPECT_EQ(code_of([&] { assistant_with("").ask(turns, options_for(Route::automatic), {}); }),
            Code::context_full);
}

TEST(Assistant, TheContextIsBounded) {
  AskOptions options = options_for(Route::local);
  const Answer whole = assistant_with("").ask(question, options, {});
  options.context = whole.prompt_tokens + 3;
  const Answer cut = assistant_with("").ask(question, options, {});
  EXPECT_EQ(cut.completion_tokens, 4u);
  EXPECT_EQ(cut.finish, generation::Finish::length);
  options.context = whole.prompt_tokens - 1;
  EXPECT_EQ(code_of([&] { assistant_with("").ask(question, options, {}); }), Code::context_full);
}

TEST(Assistant, WhatThePieceFunctionThrowsComesOut) {
  Peer peer(always(test::streamed({"Ray", "leigh"})));
  const OnPiece angry = [](const AnswerPiece&) { throw std::runtime_error("mine"); };
  for (const Route route : {Route::local, Route::remote}) {
    EXPECT_THROW(assistant_with(peer.url("")).ask(question, options_for(route), angry),
                 std::runtime_error);
  }
}

TEST(Assistant, RefusesBadOptions) {
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
  EXPECT_EQ(code_of([] { assistant_with("https://example.com"); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { assistant_with("localhost:80"); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { assistant_with("").ask({}, options_for(Route::local), {}); }),
            Code::bad_argument);
}

TEST(Assistant, SeveralThreadsMayAsk) {
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

TEST(ChatUrl, TakesTheFormsThatUsersWrite) {
  for (const char* url : {"http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"}) {
    EXPECT_EQ(chat_url({.url = url, .model = {}}), "http://h:1/v1/chat/completions");
  }
  EXPECT_EQ(chat_url({.url = "http://h/llm", .model = {}}), "http://h/llm/v1/chat/completions");
}

}  // namespace
}  // namespace crayon::hybrid
