// Questions that are handed over before the local answer is there, and what lies behind them.

#include "tests/runtime/hybrid/ask_test.h"

namespace crayon::hybrid {
namespace {

using namespace std::chrono_literals;
using test::Peer;

using Handover = AskTest;

adapters::AdapterSet with_probe(adapters::AdapterSet set, float bias) {
  const std::uint32_t dim = test::TinyModel::get().model().config().dim;
  set.routing->probe = formats::LinearProbe{{1, true}, std::vector<float>(dim), bias};
  return set;
}

TEST_F(Handover, GenerationStopsAtTheFirstDoubtfulToken) {
  Peer peer(always(test::streamed({"Scattering."})));
  const Assistant assistant =
      assistant_with(peer.url(""), impatient(), going_by("least_log_probability", -0.001));
  Screen screen;
  const Answer answer = assistant.ask(question, options_for(Route::automatic), screen.on_piece());
  EXPECT_EQ(answer.route, Route::remote);
  EXPECT_EQ(answer.text, "Scattering.");
  EXPECT_EQ(answer.local.tokens.size(), 1u);  // of noise, the first is doubtful already
  EXPECT_EQ(answer.decision.signal, "least_log_probability");
  EXPECT_EQ(answer.decision.stage, Stage::generating);
  EXPECT_EQ(answer.decision.score, answer.local.log_probabilities[0]);
  EXPECT_EQ(answer.decision.threshold, -0.001);
  EXPECT_EQ(answer.score, answer.decision.score);
  EXPECT_EQ(answer.threshold, -0.001);
  EXPECT_EQ(answer.reason.rfind("least_log_probability -", 0), 0u) << answer.reason;
  EXPECT_EQ(screen.speakers, std::vector<Route>{Route::remote});
}

TEST_F(Handover, WhatIsKnownEarlierCostsNoToken) {
  Peer peer(always(test::streamed({"Scattering."})));
  const Answer after_prefill =
      assistant_with(peer.url(""), impatient(), going_by("first_entropy", 0))
          .ask(question, options_for(Route::automatic), {});
  EXPECT_EQ(after_prefill.route, Route::remote);
  EXPECT_TRUE(after_prefill.local.tokens.empty());
  EXPECT_GT(after_prefill.local.prompt_tokens, 0u);
  EXPECT_EQ(after_prefill.decision.stage, Stage::prefill);

  const Answer before =
      assistant_with(peer.url(""), impatient(), with_probe(going_by("probe", 0.5), -1))
          .ask(question, options_for(Route::automatic), {});
  EXPECT_EQ(before.route, Route::remote);
  EXPECT_EQ(before.local.prompt_tokens, 0u);  // the model was not run
  EXPECT_EQ(before.decision.stage, Stage::before);
}

TEST_F(Handover, WithoutDoubtTheAnswerIsLocal) {
  Peer peer(silent);
  for (const adapters::AdapterSet& set :
       {going_by("least_log_probability", -1000), going_by("first_margin", -1),
        with_probe(going_by("probe", 0.5), 1)}) {
    const Answer answer = assistant_with(peer.url(""), impatient(), set)
                              .ask(question, options_for(Route::automatic), {});
    EXPECT_EQ(answer.route, Route::local);
    EXPECT_EQ(answer.reason, "confident");
    EXPECT_EQ(answer.text, local_text());
    EXPECT_FALSE(answer.decision.offload);
  }
  EXPECT_EQ(peer.connections(), 0);
}

TEST_F(Handover, AThresholdOfTheCallerGoesBeforeTheAdapters) {
  Peer peer(silent);
  AskOptions options = options_for(Route::automatic);
  options.threshold = 0;
  const Answer answer = assistant_with(peer.url(""), impatient(), going_by("first_entropy", 0))
                            .ask(question, options, {});
  EXPECT_EQ(answer.decision.signal, "confidence");
  EXPECT_EQ(answer.reason, "confident");
  EXPECT_EQ(peer.connections(), 0);
}

TEST_F(Handover, ARemoteThatFailsIsMadeUpFor) {
  const std::string dead = "http://127.0.0.1:" + std::to_string(test::closed_port());
  for (const adapters::AdapterSet& set :
       {going_by("least_log_probability", -0.001), going_by("first_entropy", 0),
        with_probe(going_by("probe", 0.5), -1)}) {
    Screen screen;
    const Answer answer = assistant_with(dead, impatient(), set)
                              .ask(question, options_for(Route::automatic), screen.on_piece());
    EXPECT_EQ(answer.route, Route::local);
    EXPECT_EQ(answer.reason, "connection refused");
    EXPECT_EQ(answer.text, local_text());
    EXPECT_EQ(answer.local.tokens.size(), 12u);
    EXPECT_EQ(screen.text, local_text());
    EXPECT_TRUE(answer.decision.offload);
  }
  Peer peer(always(std::string(test::stream_head) + test::delta("Well")));
  Screen screen;
  const Answer answer =
      assistant_with(peer.url(""), impatient(), going_by("least_log_probability", -0.001))
          .ask(question, options_for(Route::automatic), screen.on_piece());
  EXPECT_EQ(answer.reason, "connection lost after 4 characters");
  EXPECT_EQ(screen.restarts, 1);
  EXPECT_EQ(screen.text, local_text());
}

TEST_F(Handover, ASilentRemoteLeavesTimeForTheLocalAnswer) {
  Peer peer(silent);
  for (const adapters::AdapterSet& set :
       {going_by("least_log_probability", -0.001), with_probe(going_by("probe", 0.5), -1)}) {
    Answer answer;
    const std::int64_t took = test::milliseconds_of([&] {
      answer = assistant_with(peer.url(""), impatient(), set)
                   .ask(question, options_for(Route::automatic, 1500ms), {});
    });
    EXPECT_LT(took, 1500 + tolerance_ms);
    EXPECT_EQ(answer.route, Route::local);
    EXPECT_EQ(answer.reason, "no answer within 1500 ms");
    EXPECT_EQ(answer.text, local_text());
  }
}

TEST_F(Handover, ExplainingReadsAllSignals) {
  AskOptions options = options_for(Route::local);
  options.explain = true;
  const Answer answer = assistant_with("").ask(question, options, {});
  EXPECT_EQ(answer.reason, "asked for");
  EXPECT_EQ(answer.text, local_text());
  ASSERT_EQ(answer.signals.size(), 5u);
  EXPECT_EQ(answer.signals[0].score, -answer.local.first.entropy);
  EXPECT_EQ(answer.signals[4].score, answer.local.confidence());
  options.explain = false;
  EXPECT_TRUE(assistant_with("").ask(question, options, {}).signals.empty());
}

}  // namespace
}  // namespace crayon::hybrid
