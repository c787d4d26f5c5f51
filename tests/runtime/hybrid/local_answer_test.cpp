// What the local model answers, and when its answer is kept.

#include "tests/runtime/hybrid/ask_test.h"

namespace crayon::hybrid {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::Peer;

using LocalAnswer = AskTest;

TEST_F(LocalAnswer, LocalOpensNoSocket) {
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

TEST_F(LocalAnswer, AutomaticKeepsAConfidentAnswerAtHome) {
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

TEST_F(LocalAnswer, AutomaticWithoutARemoteIsLocal) {
  AskOptions options = options_for(Route::automatic);
  options.threshold = 1.0;
  const Answer answer = assistant_with("").ask(question, options, {});
  EXPECT_EQ(answer.route, Route::local);
  EXPECT_EQ(answer.reason, "no remote");
  EXPECT_EQ(answer.text, local_text());
  EXPECT_LT(answer.score, 1.0);
}

TEST_F(LocalAnswer, ALocalAnswerThatIsLateIsCutOff) {
  AskOptions options = options_for(Route::local, 1ms);
  options.generate.max_tokens = 230;
  const Answer answer = assistant_with("").ask(question, options, {});
  EXPECT_EQ(answer.finish, generation::Finish::length);
  EXPECT_LT(answer.local.tokens.size(), 230u);
  EXPECT_EQ(answer.reason, "asked for; local answer cut off at 1 ms");
}

TEST_F(LocalAnswer, TheContextIsBounded) {
  AskOptions options = options_for(Route::local);
  const Answer whole = assistant_with("").ask(question, options, {});
  options.context = whole.prompt_tokens + 3;
  const Answer cut = assistant_with("").ask(question, options, {});
  EXPECT_EQ(cut.completion_tokens, 4u);
  EXPECT_EQ(cut.finish, generation::Finish::length);
  options.context = whole.prompt_tokens - 1;
  EXPECT_EQ(code_of([&] { assistant_with("").ask(question, options, {}); }), Code::context_full);
}

}  // namespace
}  // namespace crayon::hybrid
