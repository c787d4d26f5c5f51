#include "runtime/bench/sustained.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/runtime/model/tiny_model.h"

namespace crayon::bench {
namespace {

class Sustained : public testing::Test {
 protected:
  /// Runs `steps` steps, each of which is a sample of its own.
  Series run(std::uint32_t prompt, std::uint32_t decode, int steps) {
    const Lane lane{model_.get(), {&one_, &two_}, &pool_};
    return run_sustained(
        {.prompt = prompt, .decode = decode, .sample_seconds = 0}, lane,
        [&](double) {
          ++conditions_;
          return Condition{};
        },
        [&](double) { return steps-- > 0; });
  }

  ThreadPool pool_{2};
  test::Packed packed_{test::random_source(test::tiny_config(), 1), formats::Dtype::i8};
  std::unique_ptr<model::Model> model_ = packed_.load(pool_);
  model::Session one_{*model_, 120, model::KvDtype::f16};
  model::Session two_{*model_, 120, model::KvDtype::f16};
  int conditions_ = 0;
};

TEST_F(Sustained, DecodesOverAndOver) {
  const Series series = run(0, 5, 12);
  EXPECT_EQ(series.whole().decode.tokens, 12u);
  EXPECT_EQ(series.whole().prefill.tokens, 0u);
  EXPECT_EQ(two_.position(), 2u) << "twice to the end and two more";
  EXPECT_EQ(one_.position(), 0u);
  EXPECT_EQ(series.samples().size(), 12u);
  EXPECT_EQ(conditions_, 13) << "one before the run, one a sample";
}

TEST_F(Sustained, APromptGoesInByBatches) {
  const Series series = run(100, 0, 3);
  EXPECT_EQ(series.samples()[0].prefill.tokens, model::prefill_batch);
  EXPECT_EQ(series.samples()[1].prefill.tokens, 100 - model::prefill_batch);
  EXPECT_EQ(series.samples()[2].prefill.tokens, model::prefill_batch);
  EXPECT_EQ(series.whole().decode.tokens, 0u);
}

TEST_F(Sustained, BothRunInTurns) {
  const Series series = run(100, 100, 200);
  const Sample all = series.whole();
  EXPECT_GT(all.prefill.tokens, 0u);
  EXPECT_GT(all.decode.tokens, 0u);
  // A step of prefill follows as soon as it has had less than its share, so it ends with that and
  // at most one step more.
  const double longest_step = [&] {
    double longest = 0;
    for (const Sample& sample : series.samples()) {
      longest = std::max(longest, sample.prefill.seconds);
    }
    return longest;
  }();
  EXPECT_LE(all.prefill.seconds,
            0.25 * (all.prefill.seconds + all.decode.seconds) + longest_step + 1e-9);
}

TEST_F(Sustained, AShortRunIsOneSample) {
  const Lane lane{model_.get(), {&one_}, &pool_};
  int steps = 2;
  const Series series = run_sustained(
      {.decode = 5, .sample_seconds = 1000}, lane, [](double) { return Condition{}; },
      [&](double) { return steps-- > 0; });
  ASSERT_EQ(series.samples().size(), 1u);
  EXPECT_EQ(series.samples()[0].decode.tokens, 2u);
}

}  // namespace
}  // namespace crayon::bench
