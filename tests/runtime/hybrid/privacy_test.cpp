// What a policy keeps here: not one byte of it leaves, and nobody is even called.

#include <mutex>
#include <string>
#include <vector>

#include "tests/runtime/hybrid/ask_test.h"

namespace crayon::hybrid {
namespace {

using namespace std::chrono_literals;
using test::Peer;
using test::Socket;

/// A remote that keeps all that is ever written to it.
class Recorder {
 public:
  explicit Recorder(std::string reply)
      : reply_(std::move(reply)), peer_([this](Socket& socket) { record(socket); }) {}

  std::string url() const { return peer_.url(""); }
  int connections() const { return peer_.connections(); }
  std::string bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  void record(Socket& socket) {
    const std::string message = socket.receive_message();
    {
      const std::lock_guard lock(mutex_);
      bytes_ += message;
    }
    socket.send(reply_);
    socket.end_sending();
    const std::string rest = socket.receive_until_end();
    const std::lock_guard lock(mutex_);
    bytes_ += rest;
  }

  const std::string reply_;
  mutable std::mutex mutex_;  // guards bytes_
  std::string bytes_;
  Peer peer_;  // last: it uses all of the above
};

class Privacy : public AskTest {
 protected:
  static std::shared_ptr<const Topics> topics(std::vector<std::string> examples) {
    const test::TinyModel& tiny = test::TinyModel::get();
    return std::make_shared<const Topics>(tiny.model(), tiny.tokenizer(), std::move(examples));
  }
  static AskOptions with_threshold(Route route, double threshold) {
    AskOptions options = options_for(route);
    options.threshold = threshold;
    return options;
  }
  static Answer ask(const Assistant& assistant, const AskOptions& options) {
    return assistant.ask(question, options, {});
  }
  /// The examples are each other's nearest, and the question is one of them.
  static std::vector<std::string> about_the_sky() {
    return {question[0].content, question[0].content + "?", "Why is the sky blue, then?"};
  }
};

TEST_F(Privacy, WhatIsHandedOverArrives) {
  Recorder recorder(test::streamed({"Scattering."}));
  const Answer answer = ask(assistant_with(recorder.url()), with_threshold(Route::automatic, 1.0));
  EXPECT_EQ(answer.route, Route::remote);
  // So the recorder would see what the tests below say is not there.
  EXPECT_NE(recorder.bytes().find(question[0].content), std::string::npos);
  EXPECT_EQ(recorder.connections(), 1);
}

TEST_F(Privacy, NotAByteOfWhatStaysLocal) {
  Recorder recorder(test::streamed({"Scattering."}));
  Policy never = impatient();
  never.never = topics(about_the_sky());
  Policy tight = impatient();
  tight.link.budget.bytes_per_day = 20;  // less than any request
  struct Case {
    const char* name;
    Assistant assistant;
    AskOptions options;
    std::string reason;
  };
  const std::vector<Case> cases = {
      {"route local", assistant_with(recorder.url()), options_for(Route::local), "asked for"},
      {"confident", assistant_with(recorder.url()), with_threshold(Route::automatic, 0.0),
       "confident"},
      {"confident by a calibrated signal",
       assistant_with(recorder.url(), impatient(), going_by("least_log_probability", -1000)),
       options_for(Route::automatic), "confident"},
      {"private topic, doubted", assistant_with(recorder.url(), never),
       with_threshold(Route::automatic, 1.0), "a topic that stays local"},
      {"private topic, sent on purpose", assistant_with(recorder.url(), never),
       options_for(Route::remote), "a topic that stays local"},
      {"private topic, doubted before the answer",
       assistant_with(recorder.url(), never, going_by("first_entropy", 0)),
       options_for(Route::automatic), "a topic that stays local"},
      {"no budget, doubted", assistant_with(recorder.url(), tight),
       with_threshold(Route::automatic, 1.0), "the day's 20 bytes are used up"},
      {"no budget, sent on purpose", assistant_with(recorder.url(), tight),
       options_for(Route::remote), "the day's 20 bytes are used up"},
      {"no budget, doubted early",
       assistant_with(recorder.url(), tight, going_by("least_log_probability", -0.001)),
       options_for(Route::automatic), "the day's 20 bytes are used up"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    Screen screen;
    const Answer answer = one.assistant.ask(question, one.options, screen.on_piece());
    EXPECT_EQ(answer.route, Route::local);
    EXPECT_EQ(answer.reason, one.reason);
    EXPECT_EQ(answer.text, local_text());
    EXPECT_EQ(screen.text, local_text());
    EXPECT_EQ(screen.restarts, 0);
    EXPECT_EQ(recorder.bytes(), "");
    EXPECT_EQ(recorder.connections(), 0);
  }
}

TEST_F(Privacy, NotAByteWhileTheBreakerIsOpen) {
  Recorder recorder(test::whole("500 Oops", "{}"));
  Policy policy = impatient();
  policy.link.breaker.failures = 1;
  policy.link.now = [] { return SteadyTime(1000s); };
  const Assistant assistant = assistant_with(recorder.url(), policy);
  EXPECT_EQ(ask(assistant, options_for(Route::remote)).reason, "HTTP 500");
  const std::vector<generation::Turn> other = {{"user", "What is my secret?"}};
  for (const Route route : {Route::remote, Route::automatic}) {
    const Answer answer = assistant.ask(other, with_threshold(route, 1.0), {});
    EXPECT_EQ(answer.reason, "the remote is left alone after it has failed");
  }
  EXPECT_EQ(recorder.connections(), 1);
  EXPECT_EQ(recorder.bytes().find("secret"), std::string::npos);
}

TEST_F(Privacy, EarlierTurnsCountToo) {
  Recorder recorder(test::streamed({"Scattering."}));
  Policy never = impatient();
  never.never = topics(about_the_sky());
  const Assistant assistant = assistant_with(recorder.url(), never);
  const std::vector<generation::Turn> turns = {
      question[0], {"assistant", "Hm."}, {"user", "xyzzy 0987654321 xyzzy"}};
  const Answer kept = assistant.ask(turns, options_for(Route::remote), {});
  EXPECT_EQ(kept.reason, "a topic that stays local");
  EXPECT_EQ(kept.decision.signal, "never_topic");
  EXPECT_EQ(kept.decision.stage, Stage::before);
  EXPECT_GE(kept.decision.score, kept.decision.threshold);
  EXPECT_EQ(recorder.connections(), 0);
  // Alone, the last turn is of no private topic.
  const Answer sent = assistant.ask(std::span(turns).last(1), options_for(Route::remote), {});
  EXPECT_EQ(sent.route, Route::remote);
}

}  // namespace
}  // namespace crayon::hybrid
