// Signals, rules and the watch that goes by them.

#include "runtime/hybrid/router.h"

#include <cmath>
#include <limits>
#include <set>

#include "tests/runtime/hybrid/ask_test.h"

namespace crayon::hybrid {
namespace {

using generation::Chosen;
using test::code_of;

class RouterTest : public testing::Test {
 protected:
  Watch watch(const Router& router, bool all = false) {
    return {router, {.adapters = &adapters_, .query = &query_}, all};
  }
  /// A step of the model that chose tokens of these log-probabilities.
  static bool see(Watch& watch, const std::vector<double>& log_probabilities) {
    std::vector<Chosen> tokens;
    for (const double one : log_probabilities) {
      tokens.push_back({.token = {0, one}, .likeliest = {}});
    }
    return watch.see({.text = {}, .tokens = tokens, .first = generation::Certainty{1.5, 0.25}});
  }
  static Router by(const char* signal, double threshold) {
    return Router({{find_signal(signal), threshold}});
  }

  adapters::AdapterSet adapters_;
  adapters::Query query_{test::TinyModel::get().model(), {1, 2, 3}};
};

TEST_F(RouterTest, SignalsAreKnownByTheirNames) {
  std::set<std::string_view> names;
  for (const Signal& signal : signals()) {
    EXPECT_EQ(find_signal(signal.name), &signal);
    names.insert(signal.name);
  }
  EXPECT_EQ(names, (std::set<std::string_view>{"scope", "probe", "first_entropy", "first_margin",
                                               "least_log_probability", "window_log_probability",
                                               "confidence"}));
  EXPECT_EQ(find_signal("telepathy"), nullptr);
}

TEST_F(RouterTest, ThePlainRuleComparesTheConfidenceAtTheEnd) {
  const Router router = Router::plain(0.5);
  for (const auto& [each, offload] : {std::pair{std::log(0.25), true}, {std::log(0.5), false}}) {
    Watch watch = this->watch(router);
    EXPECT_FALSE(watch.begin());
    EXPECT_FALSE(see(watch, {each}));
    EXPECT_FALSE(see(watch, {each}));
    EXPECT_EQ(watch.end(), offload);
    EXPECT_EQ(watch.decision().signal, "confidence");
    EXPECT_EQ(watch.decision().stage, Stage::end);
    EXPECT_NEAR(watch.decision().score, std::exp(each), 1e-12);
    EXPECT_EQ(watch.decision().threshold, 0.5);
    EXPECT_EQ(watch.decision().reason, offload ? "score 0.250 below 0.500" : "confident");
  }
  Watch silent = watch(router);
  EXPECT_TRUE(silent.end());
  EXPECT_EQ(silent.decision().score, 0);
  Watch zero = watch(Router::plain(0));
  EXPECT_FALSE(zero.end());
}

TEST_F(RouterTest, EachSignalDecidesAtItsStage) {
  Watch entropy = watch(by("first_entropy", -1));
  EXPECT_FALSE(entropy.begin());
  EXPECT_TRUE(see(entropy, {}));
  EXPECT_EQ(entropy.decision().reason, "first_entropy -1.500 below -1.000");
  EXPECT_EQ(entropy.decision().stage, Stage::prefill);
  Watch margin = watch(by("first_margin", 0.2));
  EXPECT_FALSE(see(margin, {}));
  EXPECT_FALSE(margin.end());
  EXPECT_EQ(margin.decision().score, 0.25);

  adapters_.routing = formats::Routing{};
  adapters_.routing->probe = formats::LinearProbe{
      {1, true}, std::vector<float>(test::TinyModel::get().model().config().dim), -2.0f};
  Watch probe = watch(by("probe", 0.2));
  EXPECT_TRUE(probe.begin());
  EXPECT_NEAR(probe.decision().score, 1 / (1 + std::exp(2.0)), 1e-9);
  adapters_.routing->probe->weights.pop_back();
  EXPECT_EQ(code_of([&] { watch(by("probe", 0.2)).begin(); }), Code::bad_shape);
}

TEST_F(RouterTest, TheLeastProbableTokenHandsOverAtOnce) {
  Watch watch = this->watch(by("least_log_probability", -2));
  EXPECT_FALSE(see(watch, {-0.5, -2.0}));
  EXPECT_FALSE(see(watch, {-1.0}));
  EXPECT_TRUE(see(watch, {-0.1, -2.5}));
  EXPECT_EQ(watch.decision().score, -2.5);
  EXPECT_TRUE(see(watch, {-9.0}));  // and stays so
  EXPECT_EQ(watch.decision().score, -2.5);
}

TEST_F(RouterTest, AWindowForgivesOneWord) {
  Watch watch = this->watch(by("window_log_probability", -2));
  EXPECT_FALSE(see(watch, {-5.0, -0.5}));
  EXPECT_FALSE(see(watch, {-0.5}));
  EXPECT_FALSE(see(watch, {-0.5}));  // -1.6 on average
  EXPECT_FALSE(see(watch, {-2.0, -2.0, -2.0}));
  EXPECT_TRUE(see(watch, {-2.5}));
  EXPECT_NEAR(watch.decision().score, -8.5 / 4, 1e-12);
  // What is shorter than a window is judged by its mean.
  Watch brief = this->watch(by("window_log_probability", -2));
  EXPECT_FALSE(see(brief, {-3.0, -2.0}));
  EXPECT_TRUE(brief.end());
  EXPECT_NEAR(brief.decision().score, -2.5, 1e-12);
}

TEST_F(RouterTest, AnEmptyAnswerIsDoubted) {
  for (const char* const name : {"least_log_probability", "window_log_probability"}) {
    Watch watch = this->watch(by(name, -50));
    EXPECT_FALSE(see(watch, {}));
    EXPECT_TRUE(watch.end()) << name;
  }
}

TEST_F(RouterTest, AnyRuleCanHandOver) {
  const Router router({{find_signal("first_margin"), 0.1}, {find_signal("confidence"), 0.9}});
  Watch watch = this->watch(router);
  EXPECT_FALSE(see(watch, {std::log(0.5)}));
  EXPECT_TRUE(watch.end());
  EXPECT_EQ(watch.decision().signal, "confidence");
  ASSERT_EQ(watch.readings().size(), 2u);
  EXPECT_EQ(watch.readings()[0].signal->name, "first_margin");
  EXPECT_EQ(watch.readings()[1].threshold, 0.9);
}

TEST_F(RouterTest, AllSignalsAreReadToExplain) {
  Watch watch = this->watch(Router::plain(0.5), true);
  watch.begin();
  see(watch, {-1.0, -3.0});
  watch.end();
  std::vector<std::string_view> names;
  for (const Reading& reading : watch.readings()) {
    names.push_back(reading.signal->name);
    EXPECT_EQ(reading.threshold.has_value(), reading.signal == &confidence_signal());
  }
  // No adapter: neither a scope nor a probe.
  EXPECT_EQ(names,
            (std::vector<std::string_view>{"first_entropy", "first_margin", "least_log_probability",
                                           "window_log_probability", "confidence"}));
  EXPECT_EQ(watch.readings()[2].score, -3.0);
  EXPECT_EQ(watch.readings()[3].score, -2.0);
}

TEST_F(RouterTest, RoutingDataSaysWhichRulesThereAre) {
  formats::Routing routing;
  routing.signals = {{.name = "unheard_of", .threshold = 1},
                     {.name = "first_margin", .threshold = 0.5, .decides = true}};
  const Router router = Router::calibrated(routing);
  ASSERT_EQ(router.rules().size(), 1u);
  EXPECT_EQ(router.rules()[0].signal->name, "first_margin");
  EXPECT_EQ(router.rules()[0].threshold, 0.5);
  routing.signals[0].decides = true;
  EXPECT_EQ(code_of([&] { Router::calibrated(routing); }), Code::unsupported);
  EXPECT_EQ(code_of([] { Router({}); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { Router::plain(std::numeric_limits<double>::quiet_NaN()); }),
            Code::bad_argument);
}

}  // namespace
}  // namespace crayon::hybrid
