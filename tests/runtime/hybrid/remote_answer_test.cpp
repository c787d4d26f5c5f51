// What is sent to the remote, and how its answers are understood.

#include <mutex>
#include <string>
#include <vector>

#include "runtime/hybrid/remote.h"
#include "tests/runtime/hybrid/ask_test.h"

namespace crayon::hybrid {
namespace {

using test::code_of;
using test::Peer;
using test::Socket;

using RemoteAnswer = AskTest;

TEST_F(RemoteAnswer, AutomaticOffloadsWhatItDoubts) {
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

TEST_F(RemoteAnswer, RemoteAnswersAtOnceAndTheLocalOneIsCancelled) {
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

TEST_F(RemoteAnswer, ExactlyTheRequestIsSent) {
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

TEST_F(RemoteAnswer, APeerThatDoesNotStreamIsUnderstood) {
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

TEST_F(RemoteAnswer, WhiteSpaceAroundAnAnswerIsLeftOut) {
  Peer peer(always(test::streamed({"\n", " One ", "\n\n", "two.", "\n", " "})));
  Screen screen;
  const Answer answer =
      assistant_with(peer.url("")).ask(question, options_for(Route::remote), screen.on_piece());
  EXPECT_EQ(answer.text, "One \n\ntwo.");
  EXPECT_EQ(screen.text, answer.text);
}

TEST_F(RemoteAnswer, ATooLongQuestionIsForTheRemoteAlone) {
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

TEST(ChatUrl, TakesTheFormsThatUsersWrite) {
  for (const char* url : {"http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"}) {
    EXPECT_EQ(chat_url({.url = url, .model = {}}), "http://h:1/v1/chat/completions");
  }
  EXPECT_EQ(chat_url({.url = "http://h/llm", .model = {}}), "http://h/llm/v1/chat/completions");
  EXPECT_EQ(chat_url({.url = "unix:/a.sock", .model = {}}), "unix:/a.sock:/v1/chat/completions");
  EXPECT_EQ(chat_url({.url = "unix:/a.sock:/v1/", .model = {}}),
            "unix:/a.sock:/v1/chat/completions");
}

}  // namespace
}  // namespace crayon::hybrid
