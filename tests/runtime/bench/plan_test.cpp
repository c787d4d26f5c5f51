#include "runtime/bench/plan.h"

#include <gtest/gtest.h>

#include <memory>

#include "runtime/bench/speeds.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::bench {
namespace {

TEST(TestName, IsLlamaBenchsName) {
  EXPECT_EQ((bench::Test{512, 0}).name(), "pp512");
  EXPECT_EQ((bench::Test{0, 128}).name(), "tg128");
  EXPECT_EQ((bench::Test{512, 128}).name(), "pp512+tg128");
  EXPECT_EQ((bench::Test{0, 128, 4}).name(), "tg128 x 4");
}

TEST(RandomTokens, AreInTheVocabularyAndAlwaysTheSame) {
  const std::vector<Token> tokens = random_tokens(500, 97);
  EXPECT_EQ(tokens, random_tokens(500, 97));
  for (const Token token : tokens) {
    EXPECT_TRUE(token >= 0 && token < 97);
  }
}

class Plan : public testing::Test {
 protected:
  ThreadPool pool_{2};
  test::Packed packed_{test::random_source(test::tiny_config(), 1), formats::Dtype::i8};
  std::unique_ptr<model::Model> model_ = packed_.load(pool_);
};

TEST_F(Plan, RunsEveryTestInEveryLane) {
  model::Session one(*model_, 12, model::KvDtype::f16);
  model::Session two(*model_, 12, model::KvDtype::f16);
  const std::vector<Lane> lanes{{model_.get(), {&one}, &pool_}, {model_.get(), {&two}, &pool_}};
  const std::vector<bench::Test> tests{{8, 0}, {0, 5}, {7, 5}};
  ReadBandwidth bandwidth(std::uint64_t{1} << 20);
  std::uint64_t steps = 0;
  const Measurements measured =
      run(tests, lanes, 3, &bandwidth, [&](std::uint64_t done, std::uint64_t all) {
        EXPECT_EQ(done, ++steps);
        EXPECT_EQ(all, 9u);
      });
  EXPECT_EQ(steps, 9u);
  ASSERT_EQ(measured.lanes.size(), 2u);
  for (const std::vector<Times>& lane : measured.lanes) {
    ASSERT_EQ(lane.size(), 3u);
    EXPECT_EQ(lane[0].seconds.size(), 3u);
    EXPECT_TRUE(lane[0].token_seconds.empty()) << "prefill decodes nothing";
    EXPECT_EQ(lane[1].token_seconds.size(), 3u * 5);
    EXPECT_EQ(lane[2].token_seconds.size(), 3u * 5);
    EXPECT_GT(lane[2].seconds.front(), 0);
  }
  EXPECT_EQ(measured.bandwidth.size(), 6u);
  EXPECT_EQ(measured.bandwidth_of(1).size(), 3u);
  EXPECT_EQ(two.position(), 12u) << "the last test filled the session";
}

TEST_F(Plan, SequencesRunTogetherAndCountEach) {
  model::Session one(*model_, 12, model::KvDtype::f16);
  model::Session two(*model_, 12, model::KvDtype::f16);
  const Lane lane{model_.get(), {&one, &two}, &pool_};
  const bench::Test both{7, 5, 2};
  Times times;
  run_once(both, {&lane, 1}, 0, {&times, 1});
  EXPECT_EQ(one.position(), 12u);
  EXPECT_EQ(two.position(), 12u);
  EXPECT_EQ(times.token_seconds.size(), 5u);
  EXPECT_DOUBLE_EQ(speeds_of(both, times).median, 24 / times.seconds.front());
}

TEST_F(Plan, ATestThatDoesNotFitIsAnError) {
  model::Session session(*model_, 4, model::KvDtype::f16);
  const Lane lane{model_.get(), {&session}, &pool_};
  Times times;
  EXPECT_EQ(test::code_of([&] {
              run_once({5, 0}, {&lane, 1}, 0, {&times, 1});
            }),
            Code::context_full);
}

TEST(ReadBandwidth, ReadsWholeChunksAndSaysHowFast) {
  ThreadPool pool(2);
  ReadBandwidth bandwidth((std::uint64_t{1} << 20) + 12345);
  EXPECT_EQ(bandwidth.bytes(), std::uint64_t{1} << 20);
  EXPECT_GT(bandwidth.measure(pool, 0), 0);
  EXPECT_EQ(ReadBandwidth(1).bytes(), std::uint64_t{64} << 10);
}

}  // namespace
}  // namespace crayon::bench
