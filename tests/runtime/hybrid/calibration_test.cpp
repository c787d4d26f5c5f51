#include "runtime/hybrid/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "runtime/hybrid/auroc.h"
#include "runtime/hybrid/probe_fit.h"
#include "tests/support/support.h"

namespace crayon::hybrid {
namespace {

using test::code_of;

// ---- area under the ROC curve ----

double counted(const std::vector<double>& scores, const std::vector<bool>& right) {
  double sum = 0;
  double pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t k = 0; k < scores.size(); ++k) {
      if (right[i] && !right[k]) {
        sum += scores[i] > scores[k] ? 1 : scores[i] == scores[k] ? 0.5 : 0;
        pairs += 1;
      }
    }
  }
  return sum / pairs;
}

TEST(AurocTest, IsTheShareOfPairsInTheRightOrder) {
  Random random(1);
  std::vector<double> scores;
  std::vector<bool> right;
  for (int i = 0; i < 200; ++i) {
    right.push_back(random.below(3) == 0);
    scores.push_back(static_cast<double>(random.below(20)) + (right.back() ? 3 : 0));  // with ties
  }
  const Auroc auroc(scores, right);
  EXPECT_NEAR(auroc.area(), counted(scores, right), 1e-12);
  EXPECT_GT(auroc.standard_error(), 0.01);
  EXPECT_LT(auroc.standard_error(), 0.06);
  EXPECT_EQ(auroc.standard_error_against(auroc), 0);
}

TEST(AurocTest, TheErrorIsThatOfManyDraws) {
  Random random(2);
  std::vector<double> areas;
  double error = 0;
  for (int draw = 0; draw < 300; ++draw) {
    std::vector<double> scores;
    std::vector<bool> right;
    for (int i = 0; i < 80; ++i) {
      right.push_back(i % 2 == 0);
      scores.push_back(random.normal() + (right.back() ? 1 : 0));
    }
    const Auroc auroc(scores, right);
    areas.push_back(auroc.area());
    error += auroc.standard_error() / 300;
  }
  double mean = 0;
  double square = 0;
  for (const double area : areas) {
    mean += area / 300;
    square += area * area / 300;
  }
  EXPECT_NEAR(mean, 0.760, 0.015);  // Phi(1 / sqrt 2)
  EXPECT_NEAR(std::sqrt(square - mean * mean), error, 0.01);
}

TEST(AurocTest, WithOneKindAloneNothingIsKnown) {
  const Auroc auroc(std::vector<double>{1, 2}, {true, true});
  EXPECT_EQ(auroc.area(), 0.5);
  EXPECT_TRUE(std::isinf(auroc.standard_error()));
}

// ---- the probe ----

struct Data {
  std::vector<float> x;  // [n][dim]
  std::vector<bool> right;
  std::size_t dim;
};

/// Right answers lie further along the first axis.
Data data(std::size_t n, std::size_t dim, double shift, std::uint64_t seed) {
  Random random(seed);
  Data result{{}, {}, dim};
  for (std::size_t i = 0; i < n; ++i) {
    result.right.push_back(i % 2 == 0);
    for (std::size_t k = 0; k < dim; ++k) {
      const double mean = k == 0 && result.right.back() ? shift : 0;
      result.x.push_back(static_cast<float>(random.normal() + mean + 7));
    }
  }
  return result;
}

TEST(ProbeFit, IsAMinimumOfThePenalisedLoss) {
  // Standardised by hand, so that the gradient is that of the features.
  Data train = data(60, 2, 1.5, 3);
  for (std::size_t k = 0; k < 2; ++k) {
    double mean = 0;
    double square = 0;
    for (std::size_t i = 0; i < 60; ++i) {
      mean += static_cast<double>(train.x[2 * i + k]) / 60;
    }
    for (std::size_t i = 0; i < 60; ++i) {
      square += std::pow(static_cast<double>(train.x[2 * i + k]) - mean, 2) / 60;
    }
    for (std::size_t i = 0; i < 60; ++i) {
      train.x[2 * i + k] =
          static_cast<float>((static_cast<double>(train.x[2 * i + k]) - mean) / std::sqrt(square));
    }
  }
  const FittedProbe probe = fit_probe(train.x, train.right, 3);
  double gradient[3] = {3 * static_cast<double>(probe.weights[0]),
                        3 * static_cast<double>(probe.weights[1]), 0};
  for (std::size_t i = 0; i < 60; ++i) {
    const auto x = std::span(train.x).subspan(2 * i, 2);
    const double error = probe.score(x) - (train.right[i] ? 1 : 0);
    gradient[0] += error * static_cast<double>(x[0]);
    gradient[1] += error * static_cast<double>(x[1]);
    gradient[2] += error;
  }
  for (const double one : gradient) {
    EXPECT_NEAR(one, 0, 1e-4);
  }
}

TEST(ProbeFit, MoreFeaturesThanExamplesAreTheSameRegression) {
  const Data narrow = data(30, 3, 1, 4);
  Data wide{{}, narrow.right, 50};
  for (std::size_t i = 0; i < 30; ++i) {
    for (std::size_t k = 0; k < 50; ++k) {
      wide.x.push_back(k < 3 ? narrow.x[3 * i + k] : 1.0f);  // features that say nothing
    }
  }
  const FittedProbe few = fit_probe(narrow.x, narrow.right, 2);
  const FittedProbe many = fit_probe(wide.x, wide.right, 2);
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_NEAR(few.score(std::span(narrow.x).subspan(3 * i, 3)),
                many.score(std::span(wide.x).subspan(50 * i, 50)), 1e-5);
  }
}

TEST(ProbeFit, HeldOutScoresAreHonest) {
  const Data noise = data(120, 100, 0, 5);
  const FittedProbe fitted = fit_probe(noise.x, noise.right, 1);
  std::vector<double> seen;
  for (std::size_t i = 0; i < 120; ++i) {
    seen.push_back(fitted.score(std::span(noise.x).subspan(100 * i, 100)));
  }
  EXPECT_GT(Auroc(seen, noise.right).area(), 0.95);  // what it was fitted to
  const auto held_out = held_out_scores(noise.x, noise.right, 1, 5, 1);
  EXPECT_NEAR(Auroc(held_out, noise.right).area(), 0.5, 0.15);
  EXPECT_EQ(code_of([&] { held_out_scores(noise.x, std::vector<bool>(120, true), 1, 5, 1); }),
            Code::bad_argument);
}

// ---- calibration ----

const Signal& signal(const char* name) {
  return *find_signal(name);
}

/// n samples whose embeddings and confidences say how right they are, by these shifts.
std::vector<Sample> samples(std::size_t n, double of_probe, double of_confidence, bool answers) {
  const Data features = data(n, 4, of_probe, 6);
  Random random(7);
  std::vector<Sample> result;
  for (std::size_t i = 0; i < n; ++i) {
    const bool right = features.right[i];
    const double doubt = random.normal() + (right ? of_confidence : 0);
    Sample sample;
    sample.signals = {{&signal("first_margin"), random.uniform(), {}},
                      {&signal("least_log_probability"), random.normal() - 5, {}},
                      {&signal("confidence"), 1 / (1 + std::exp(-doubt)), {}}};
    if (answers) {
      sample.right = right;
    }
    sample.embedding.assign(features.x.begin() + static_cast<std::ptrdiff_t>(4 * i),
                            features.x.begin() + static_cast<std::ptrdiff_t>(4 * i + 4));
    result.push_back(std::move(sample));
  }
  return result;
}

std::string decider(const Calibration& calibration) {
  const auto found = std::ranges::find_if(calibration.signals, &CalibratedSignal::decides);
  return std::string(found->signal->name);
}

TEST(Calibration, TheBestSignalDecidesWithTheShareThatWasAskedFor) {
  const Calibration result =
      calibrate(samples(200, 2, 0.5, true), {.share = 0.2, .embedding = {2, true}});
  EXPECT_EQ(decider(result), "probe");
  EXPECT_EQ(result.known, 200u);
  EXPECT_EQ(result.right, 100u);
  ASSERT_EQ(result.signals.size(), 4u);
  for (const CalibratedSignal& one : result.signals) {
    EXPECT_NEAR(one.share, 0.2, 1e-9) << one.signal->name;
    EXPECT_TRUE(one.auroc);
  }
  EXPECT_NEAR(*result.signals[0].auroc, 0.92, 0.04);  // Phi(2 / sqrt 2)
  const formats::Routing& routing = result.routing;
  EXPECT_NO_THROW(formats::check(routing));
  EXPECT_EQ(routing.examples, 200u);
  EXPECT_NEAR(routing.share, 0.2f, 1e-6f);
  ASSERT_TRUE(routing.probe);
  EXPECT_EQ(routing.probe->embedding, (formats::Embedding{2, true}));
  EXPECT_GT(routing.probe->weights[0], 0);
  EXPECT_EQ(Router::calibrated(routing).rules()[0].threshold, result.signals[0].threshold);
  // And on questions that it has not seen.
  const Data fresh = data(2000, 4, 2, 99);
  int below = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    const double score =
        adapters::probe_score(*routing.probe, std::span(fresh.x).subspan(4 * i, 4));
    below += score < result.signals[0].threshold ? 1 : 0;
  }
  EXPECT_NEAR(below / 2000.0, 0.2, 0.06);
}

TEST(Calibration, TheConfidenceStaysUnlessAnotherIsBetter) {
  EXPECT_EQ(decider(calibrate(samples(200, 0, 1.5, true), {})), "confidence");
  // A hair's breadth is not enough.
  std::vector<Sample> close = samples(60, 0, 1, true);
  for (Sample& sample : close) {
    sample.signals[1].score = sample.signals[2].score;
  }
  close[0].signals[1].score = 2;
  EXPECT_EQ(decider(calibrate(close, {})), "confidence");
}

TEST(Calibration, WithoutAnswersThereAreQuantilesAlone) {
  for (const bool few : {false, true}) {
    std::vector<Sample> all = samples(100, 2, 2, false);
    for (std::size_t i = 0; few && i < 12; ++i) {
      all[i].right = i % 2 == 0;
    }
    const Calibration result = calibrate(all, {.share = 0.3});
    EXPECT_EQ(decider(result), "least_log_probability");
    EXPECT_EQ(result.known, few ? 12u : 0u);
    ASSERT_EQ(result.signals.size(), 3u);  // no probe
    EXPECT_FALSE(result.routing.probe);
    for (const CalibratedSignal& one : result.signals) {
      EXPECT_NEAR(one.share, 0.3, 1e-9);
      EXPECT_FALSE(one.auroc);
    }
  }
}

TEST(Calibration, EqualScoresStayTogether) {
  std::vector<Sample> all = samples(10, 0, 0, false);
  for (std::size_t i = 0; i < 10; ++i) {
    all[i].signals[2].score = i < 5 ? 0.25 : 0.75;
  }
  const auto share = [&](double wanted) {
    return calibrate(all, {.share = wanted, .signal = "confidence"}).routing.share;
  };
  EXPECT_EQ(share(0), 0);
  EXPECT_EQ(share(0.3), 0);
  EXPECT_EQ(share(0.5), 0.5f);
  EXPECT_EQ(share(0.7), 0.5f);
  EXPECT_EQ(share(1), 1);
}

TEST(Calibration, SaysWhatItCannotDo) {
  const std::vector<Sample> some = samples(20, 0, 0, false);
  const auto code = [&](std::span<const Sample> all, const CalibrationOptions& options) {
    return code_of([&] { calibrate(all, options); });
  };
  EXPECT_EQ(code(std::span(some).first(1), {}), Code::bad_argument);
  EXPECT_EQ(code(some, {.share = 1.5}), Code::bad_argument);
  EXPECT_EQ(code(some, {.share = NAN}), Code::bad_argument);
  EXPECT_EQ(code(some, {.signal = "telepathy"}), Code::bad_argument);
  EXPECT_EQ(code(some, {.signal = "scope"}), Code::bad_argument);
  // A signal that one of them lacks is none.
  std::vector<Sample> gap = samples(20, 0, 0, false);
  gap[3].signals.erase(gap[3].signals.begin());
  EXPECT_EQ(calibrate(gap, {}).signals.size(), 2u);
}

}  // namespace
}  // namespace crayon::hybrid
