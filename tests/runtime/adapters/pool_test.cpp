#include <gtest/gtest.h>

#include "runtime/adapters/adapters.h"
#include "runtime/generation/chat_format.h"
#include "tests/runtime/generation/tiny_model.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::adapters {
namespace {

using formats::Bundle;
using formats::Dtype;

class PoolBundle : public testing::Test {
 protected:
  PoolBundle() {
    for (std::uint64_t n = 0; n < 3; ++n) {
      adapters_.push_back(test::random_adapter(config_, 2, 0.5f + static_cast<float>(n), n));
    }
    for (std::size_t i = 0; i < 3 * config_.query_dim(); ++i) {
      indicators_.push_back(static_cast<float>(i));
    }
    formats::pack_pool(adapters_, {indicators_, 0.07f}, base_.bundle, path_);
  }

  const formats::ModelConfig config_ = test::tiny_config();
  const test::Packed base_{test::random_source(config_, 81), Dtype::i8};
  const std::filesystem::path path_ = base_.folder / "pool.crayon";
  std::vector<formats::AdapterSource> adapters_;
  std::vector<float> indicators_;
};

TEST_F(PoolBundle, ComesBackAsItWasPacked) {
  const Pool pool = Pool::load(Bundle::open(path_), base_.bundle);
  EXPECT_EQ(pool.tau, 0.07f);
  EXPECT_EQ(pool.indicators, indicators_);
  ASSERT_EQ(pool.adapters.size(), 3u);
  for (std::size_t n = 0; n < 3; ++n) {
    EXPECT_EQ(pool.adapters[n].name, adapters_[n].name);
    EXPECT_EQ(pool.adapters[n].scale, adapters_[n].scale);
    ASSERT_EQ(pool.adapters[n].factors.size(), adapters_[n].factors.size());
    EXPECT_EQ(pool.adapters[n].factors.back().a, adapters_[n].factors.back().a);
    EXPECT_EQ(pool.adapters[n].factors.back().b, adapters_[n].factors.back().b);
  }
}

TEST_F(PoolBundle, MayHaveIndicatorsOfHiddenStates) {
  const std::vector<float> rows(3 * config_.dim, 0.5f);
  formats::pack_pool(adapters_, {rows, 0.2f, {2, true}}, base_.bundle, path_);
  const Pool pool = Pool::load(Bundle::open(path_), base_.bundle);
  EXPECT_EQ(pool.embedding, (formats::Embedding{2, true}));
  EXPECT_EQ(pool.dim(), config_.dim);
  EXPECT_EQ(pool.indicators, rows);
}

TEST_F(PoolBundle, BelongsToOneBase) {
  const test::Packed other(test::random_source(config_, 82), Dtype::i8);
  EXPECT_EQ(test::code_of([&] { Pool::load(Bundle::open(path_), other.bundle); }),
            Code::wrong_base);
}

TEST_F(PoolBundle, IsNeitherModelNorAdapter) {
  EXPECT_EQ(test::code_of([&] { Pool::load(base_.bundle, base_.bundle); }), Code::bad_argument);
  const Bundle pool = Bundle::open(path_);
  EXPECT_EQ(test::code_of([&] { Pool::load(pool, pool); }), Code::bad_argument);
}

TEST(Embed, EmbedsWhatTheModelIsAsked) {
  const test::TinyModel& tiny = test::TinyModel::get();
  const std::vector<std::string> texts{"Where is it?", "Is it so?"};
  const std::vector<float> embeddings = embed(tiny.model(), tiny.tokenizer(), texts);
  const std::size_t dim = tiny.model().config().query_dim();
  ASSERT_EQ(embeddings.size(), 2 * dim);
  const generation::Turn turn{"user", "Is it so?"};
  const std::vector<float> second = tiny.model().query_embedding(
      generation::render({&turn, 1}, tiny.tokenizer_data().chat_format, tiny.tokenizer()));
  EXPECT_TRUE(std::equal(second.begin(), second.end(), embeddings.begin() + dim));
  EXPECT_NE(second, tiny.model().query_embedding(tiny.tokenizer().encode("Is it so?")));
}

TEST(Embed, TakesEveryKind) {
  const test::TinyModel& tiny = test::TinyModel::get();
  const std::vector<std::string> texts{"Is it so?"};
  const generation::Turn turn{"user", "Is it so?"};
  EXPECT_EQ(embed(tiny.model(), tiny.tokenizer(), texts, {2, false}),
            tiny.model().embedding(
                generation::render({&turn, 1}, tiny.tokenizer_data().chat_format, tiny.tokenizer()),
                {2, false}));
}

TEST(CentreOf, IsTheDirectionOfTheMean) {
  EXPECT_EQ(centre_of(std::vector<float>{3, 0, 0, 4}, 2), (std::vector<float>{0.6f, 0.8f}));
  EXPECT_EQ(test::code_of([] { centre_of(std::vector<float>{1, 0, -1, 0}, 2); }), Code::malformed);
}

TEST(Embed, RefusesAnEmptyText) {
  const test::TinyModel& tiny = test::TinyModel::get();
  const std::vector<std::string> texts{"t1", " \n"};
  EXPECT_EQ(test::code_of([&] { embed(tiny.model(), tiny.tokenizer(), texts); }),
            Code::bad_argument);
}

}  // namespace
}  // namespace crayon::adapters
