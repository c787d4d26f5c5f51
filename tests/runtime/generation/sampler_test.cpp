#include "runtime/generation/sampler.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "runtime/generation/log_probability.h"
#include "runtime/generation/portable_exp.h"
#include "tests/support/support.h"

namespace crayon::generation {
namespace {

using test::code_of;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// Logits whose softmax is `probabilities`, shifted by a constant that must not matter.
std::vector<float> logits_of(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (const double probability : probabilities) {
    logits.push_back(static_cast<float>(std::log(probability)) + 3.0f);
  }
  return logits;
}

std::vector<int> draw(const SamplerOptions& options, const std::vector<float>& logits, int draws) {
  Sampler sampler(options);
  std::vector<int> counts(logits.size());
  for (int i = 0; i < draws; ++i) {
    ++counts[static_cast<std::size_t>(sampler.next(logits, {}))];
  }
  return counts;
}

std::set<Token> drawn(const SamplerOptions& options, const std::vector<float>& logits) {
  std::set<Token> tokens;
  const std::vector<int> counts = draw(options, logits, 2000);
  for (std::size_t id = 0; id < counts.size(); ++id) {
    if (counts[id] > 0) {
      tokens.insert(static_cast<Token>(id));
    }
  }
  return tokens;
}

/// Pearson's statistic of `counts` against `expected` probabilities.
double chi_square(const std::vector<int>& counts, const std::vector<double>& expected, int draws) {
  double sum = 0.0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double mean = expected[i] * draws;
    sum += (counts[i] - mean) * (counts[i] - mean) / mean;
  }
  return sum;
}

TEST(PortableExp, AgreesWithTheLibrary) {
  for (double x = -700.0; x <= 0.0; x += 0.0371) {
    EXPECT_NEAR(portable_exp(x) / std::exp(x), 1.0, 1e-15) << x;
  }
  EXPECT_EQ(portable_exp(0.0), 1.0);
  EXPECT_EQ(portable_exp(-1e300), 0.0);
  EXPECT_EQ(portable_exp(-std::numeric_limits<double>::infinity()), 0.0);
  EXPECT_EQ(portable_exp(std::numeric_limits<double>::quiet_NaN()), 0.0);
}

TEST(Sampler, GreedyTakesTheLowestIdAmongEquals) {
  Sampler sampler({});
  EXPECT_EQ(sampler.next(std::vector<float>{1.0f, 5.0f, 5.0f, 2.0f}, {}), 1);
  EXPECT_EQ(sampler.next(std::vector<float>{-3.0f}, {}), 0);
}

TEST(Sampler, ChoosesAmongWhatIsAllowed) {
  const std::vector<float> logits = {5.0f, 1.0f, 4.0f, 1.0f};
  const auto odd = [](Token token) { return token % 2 == 1; };
  EXPECT_EQ(Sampler({}).next(logits, {}, odd), 1);
  int asked = 0;
  EXPECT_EQ(Sampler({}).next(logits, {}, [&](Token) { return ++asked > 0; }), 0);
  EXPECT_EQ(asked, 1);  // the best one will do
  // The filters look at what is left: neither of the two best by themselves is.
  Sampler sampler({.temperature = 1.0f, .top_k = 2, .min_p = 0.9f, .seed = 2});
  std::set<Token> tokens;
  for (int i = 0; i < 100; ++i) {
    tokens.insert(sampler.next(logits, {}, odd));
  }
  EXPECT_EQ(tokens, (std::set<Token>{1, 3}));
  for (const float temperature : {0.0f, 1.0f}) {
    Sampler none({.temperature = temperature});
    EXPECT_EQ(code_of([&] { none.next(logits, {}, [](Token) { return false; }); }),
              Code::bad_tokenizer);
  }
}

TEST(Sampler, FollowsTheSoftmax) {
  const std::vector<double> expected = {0.5, 0.25, 0.15, 0.07, 0.03};
  constexpr int draws = 20000;
  const auto counts = draw({.temperature = 1.0f, .seed = 7}, logits_of(expected), draws);
  EXPECT_LT(chi_square(counts, expected, draws), 18.5);  // 4 degrees of freedom, p = 0.001
}

TEST(Sampler, TemperatureSharpensAndFlattens) {
  const std::vector<double> base = {0.5, 0.25, 0.15, 0.1};
  constexpr int draws = 20000;
  for (const float temperature : {0.5f, 2.0f}) {
    std::vector<double> expected;
    double total = 0.0;
    for (const double p : base) {
      total += expected.emplace_back(std::pow(p, 1.0 / static_cast<double>(temperature)));
    }
    for (double& p : expected) {
      p /= total;
    }
    const auto counts = draw({.temperature = temperature, .seed = 3}, logits_of(base), draws);
    EXPECT_LT(chi_square(counts, expected, draws), 16.3) << temperature;  // 3 degrees, p = 0.001
  }
}

TEST(Sampler, ATinyTemperatureIsGreedy) {
  const SamplerOptions options{.temperature = std::numeric_limits<float>::denorm_min()};
  EXPECT_EQ(drawn(options, {0.0f, 1.0f, 0.999f}), std::set<Token>{1});
}

TEST(Sampler, SameSeedSameTokens) {
  // Taken once and fixed: another machine or compiler must give the same.
  std::vector<float> logits(50);
  for (std::size_t id = 0; id < logits.size(); ++id) {
    logits[id] = static_cast<float>((id * 37) % 50) * 0.1f;
  }
  Sampler sampler({.temperature = 0.8f, .top_k = 20, .top_p = 0.9f, .min_p = 0.02f, .seed = 42});
  std::vector<Token> tokens;
  for (int i = 0; i < 12; ++i) {
    tokens.push_back(sampler.next(logits, {}));
  }
  EXPECT_EQ(tokens, (std::vector<Token>{31, 47, 16, 39, 5, 27, 20, 4, 39, 8, 20, 35}));
  EXPECT_NE(draw({.temperature = 1.0f, .seed = 1}, logits, 100),
            draw({.temperature = 1.0f, .seed = 2}, logits, 100));
}

TEST(Sampler, TopKKeepsTheBestAndTheLowestIdsAmongEquals) {
  const std::vector<float> logits = {0.0f, 2.0f, 1.0f, 1.0f, 1.0f};
  EXPECT_EQ(drawn({.temperature = 1.0f, .top_k = 1}, logits), (std::set<Token>{1}));
  EXPECT_EQ(drawn({.temperature = 1.0f, .top_k = 3}, logits), (std::set<Token>{1, 2, 3}));
  EXPECT_EQ(drawn({.temperature = 1.0f, .top_k = 5}, logits).size(), 5u);
  EXPECT_EQ(drawn({.temperature = 1.0f, .top_k = 4000000000u}, logits).size(), 5u);
}

TEST(Sampler, TopPKeepsTheSmallestSetThatReachesIt) {
  const auto logits = logits_of({0.1, 0.4, 0.2, 0.3});
  const auto kept = [&](float top_p) {
    return drawn({.temperature = 1.0f, .top_p = top_p}, logits);
  };
  EXPECT_EQ(kept(0.0f), (std::set<Token>{1}));
  EXPECT_EQ(kept(0.39f), (std::set<Token>{1}));
  EXPECT_EQ(kept(0.41f), (std::set<Token>{1, 3}));
  EXPECT_EQ(kept(0.71f), (std::set<Token>{1, 2, 3}));
  EXPECT_EQ(kept(0.91f).size(), 4u);
  // What top-k left is the whole that top-p divides: 0.4 of 0.7 is more than half.
  EXPECT_EQ(drawn({.temperature = 1.0f, .top_k = 2, .top_p = 0.55f}, logits), (std::set<Token>{1}));
}

TEST(Sampler, TheNucleusKeepsItsProportions) {
  constexpr int draws = 20000;
  const auto counts = draw({.temperature = 1.0f, .top_p = 0.85f, .seed = 5},
                           logits_of({0.1, 0.4, 0.2, 0.3}), draws);
  EXPECT_EQ(counts[0], 0);
  EXPECT_LT(chi_square({counts[1], counts[2], counts[3]}, {4.0 / 9, 2.0 / 9, 3.0 / 9}, draws),
            13.8);  // 2 degrees, p = 0.001
}

TEST(Sampler, MinPComparesWithTheBest) {
  const auto logits = logits_of({0.5, 0.3, 0.15, 0.05});
  const auto kept = [&](float min_p) {
    return drawn({.temperature = 1.0f, .min_p = min_p}, logits);
  };
  EXPECT_EQ(kept(0.05f).size(), 4u);
  EXPECT_EQ(kept(0.29f), (std::set<Token>{0, 1, 2}));
  EXPECT_EQ(kept(0.31f), (std::set<Token>{0, 1}));
  EXPECT_EQ(kept(1.0f), (std::set<Token>{0}));
}

TEST(Sampler, FiltersDoNotDependOnTheTemperature) {
  const auto logits = logits_of({0.9, 0.06, 0.04});
  EXPECT_EQ(drawn({.temperature = 50.0f, .top_p = 0.8f}, logits), (std::set<Token>{0}));
}

TEST(Sampler, RepetitionPenaltyWorksOnBothSigns) {
  const std::vector<Token> history = {0, 0, 0};
  Sampler sampler({.repetition_penalty = 2.0f});
  EXPECT_EQ(sampler.next(std::vector<float>{3.0f, 2.0f}, history), 1);    // 3 / 2
  EXPECT_EQ(sampler.next(std::vector<float>{5.0f, 2.0f}, history), 0);    // 5 / 2: once, not cubed
  EXPECT_EQ(sampler.next(std::vector<float>{-1.0f, -1.5f}, history), 1);  // -1 * 2
}

TEST(Sampler, RepetitionWindowForgets) {
  const std::vector<float> logits = {3.0f, 2.0f, 0.0f};
  const std::vector<Token> history = {0, 2, 2};
  Sampler narrow({.repetition_penalty = 2.0f, .repetition_window = 2});
  EXPECT_EQ(narrow.next(logits, history), 0);
  Sampler wide({.repetition_penalty = 2.0f, .repetition_window = 3});
  EXPECT_EQ(wide.next(logits, history), 1);
  Sampler none({.repetition_penalty = 2.0f, .repetition_window = 0});
  EXPECT_EQ(none.next(logits, history), 0);
}

TEST(Sampler, HistoryMayHoldForeignIds) {
  Sampler sampler({.repetition_penalty = 2.0f});
  EXPECT_EQ(sampler.next(std::vector<float>{1.0f, 0.9f}, std::vector<Token>{-1, 2, 1 << 30, 0}), 1);
}

TEST(Sampler, NaNAndInfinityAreSurvived) {
  for (const float temperature : {0.0f, 1.0f}) {
    for (const float penalty : {1.0f, 0.5f, 3.0f}) {
      const SamplerOptions options{.temperature = temperature,
                                   .top_k = 2,
                                   .top_p = 0.9f,
                                   .min_p = 0.1f,
                                   .repetition_penalty = penalty};
      EXPECT_EQ(Sampler(options).next(std::vector<float>{nan, 1.0f, -infinity}, {}), 1);
      EXPECT_EQ(Sampler(options).next(std::vector<float>{1.0f, infinity, nan}, std::vector{1}), 1);
      EXPECT_LT(Sampler(options).next(std::vector<float>{nan, nan, nan}, std::vector{0, 1}), 3);
      EXPECT_LT(Sampler(options).next(std::vector<float>{-infinity, -infinity}, std::vector{1}), 2);
    }
  }
  EXPECT_EQ(Sampler({}).next(std::vector<float>{nan, nan}, {}), 0);
}

TEST(Sampler, RefusesWhatIsOutOfRange) {
  const std::vector<std::pair<SamplerOptions, std::string>> wrong = {
      {{.temperature = -0.1f}, "temperature"},
      {{.temperature = nan}, "temperature"},
      {{.temperature = infinity}, "temperature"},
      {{.top_p = -0.1f}, "top_p"},
      {{.top_p = 1.1f}, "top_p"},
      {{.top_p = nan}, "top_p"},
      {{.min_p = 1.5f}, "min_p"},
      {{.min_p = nan}, "min_p"},
      {{.repetition_penalty = 0.0f}, "repetition_penalty"},
      {{.repetition_penalty = -1.0f}, "repetition_penalty"},
      {{.repetition_penalty = infinity}, "repetition_penalty"},
  };
  for (const auto& [options, name] : wrong) {
    std::string sentence;
    EXPECT_EQ(code_of([&, &options = options] { Sampler sampler(options); }, &sentence),
              Code::bad_argument);
    EXPECT_EQ(sentence.rfind(name, 0), 0u) << sentence;
  }
  EXPECT_EQ(code_of([] { Sampler({}).next({}, {}); }), Code::bad_argument);
}

TEST(LogProbability, IsTheLogOfTheSoftmax) {
  const auto logits = logits_of({0.5, 0.25, 0.25});
  EXPECT_NEAR(log_probability(logits, 0), std::log(0.5), 1e-6);
  EXPECT_NEAR(log_probability(logits, 2), std::log(0.25), 1e-6);
  EXPECT_NEAR(log_probability(std::vector<float>{1000.0f, 0.0f}, 1), -1000.0, 1e-9);
  EXPECT_EQ(log_probability(std::vector<float>{5.0f}, 0), 0.0);
  EXPECT_NEAR(log_probability(std::vector<float>{nan, 1.0f}, 1), 0.0, 1e-12);
  EXPECT_EQ(code_of([&] { log_probability(logits, 3); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { log_probability(logits, -1); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::generation
