// Weights of tokens in a pot: they stay with their entries.

#include <gtest/gtest.h>

#include <cmath>

#include "formats/bundle.h"
#include "runtime/context/pot.h"
#include "runtime/context/saved_pot.h"
#include "runtime/model/kv_entries.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::context {
namespace {

using formats::Dtype;
using model::KvDtype;
using model::Session;

class EmphasisInAPot : public testing::Test {
 protected:
  static PotOptions options_of(std::string_view rule) {
    PotOptions options;
    options.rule = rule;
    options.catalyst = {5, 9, 13, 21};
    options.rules.observed = 8;
    return options;
  }

  /// Some are stressed, some removed; never the first.
  static std::vector<float> weights(std::size_t count) {
    std::vector<float> weights;
    for (std::size_t t = 0; t < count; ++t) {
      weights.push_back(t % 9 == 4 ? 0.0f : t % 5 == 3 ? 3.0f : 1.0f);
    }
    return weights;
  }

  std::vector<float> read(Pot& pot, std::span<const Token> tokens,
                          const model::Emphasis& emphasis = {}) const {
    std::vector<float> logits(model_->config().vocab_size);
    pot.read(tokens, logits, {}, emphasis);
    return logits;
  }

  const test::Packed packed_{test::random_source(test::tiny_config(), 81), Dtype::i8};
  ThreadPool pool_{2};
  const std::unique_ptr<model::Model> model_ = packed_.load(pool_);
  const std::vector<Token> tokens_ = test::random_tokens(500, model_->config().vocab_size, 82);
  const std::vector<float> weights_ = weights(500);
};

TEST_F(EmphasisInAPot, MovesWithTheEntries) {
  Session session(*model_, 100, KvDtype::f16);
  Pot pot(*model_, session, options_of("streaming"));  // the first entries and the last ones stay
  read(pot, std::span(tokens_).first(100), {std::span(weights_).first(100)});
  pot.distil(50);
  const model::KvEntries entries(session);
  for (std::uint32_t layer = 0; layer < entries.layers(); ++layer) {
    for (std::uint32_t head = 0; head < entries.kv_heads(); ++head) {
      const std::span<const float> log = entries.log_weights(layer, head);
      for (std::size_t entry = 0; entry < 50; ++entry) {
        const std::size_t token = entry < 4 ? entry : entry + 50;
        EXPECT_EQ(log[entry], std::log(weights_[token])) << entry;
      }
      for (std::size_t entry = 50; entry < 100; ++entry) {
        EXPECT_EQ(log[entry], 0.0f) << entry;
      }
    }
  }
}

TEST_F(EmphasisInAPot, MatterAfterManyDistillations) {
  for (const std::string_view rule : {"infinipot", "snapkv", "streaming"}) {
    Session session(*model_, 100, KvDtype::f16), plain(*model_, 100, KvDtype::f16);
    Pot pot(*model_, session, options_of(rule)), other(*model_, plain, options_of(rule));
    const std::vector<float> logits = read(pot, tokens_, {weights_});
    EXPECT_TRUE(std::ranges::all_of(logits, [](float x) { return std::isfinite(x); }));
    EXPECT_NE(logits, read(other, tokens_));
    EXPECT_GT(pot.statistics().distillations, 3u);
  }
}

TEST_F(EmphasisInAPot, IsSaved) {
  const test::TempDir folder;
  for (const std::size_t length : {60, 333}) {
    Session session(*model_, 100, KvDtype::f16), again(*model_, 100, KvDtype::f16);
    Pot pot(*model_, session, options_of("infinipot"));
    Pot restored(*model_, again, options_of("infinipot"));
    read(pot, std::span(tokens_).first(length), {std::span(weights_).first(length)});
    read(restored, std::span(tokens_).last(70), {std::span(weights_).last(70)});
    save(pot, {}, folder / "state");
    restore(restored, formats::Bundle::open(folder / "state"), {});
    const auto more = std::span(tokens_).subspan(length, 120);
    EXPECT_EQ(read(restored, more), read(pot, more));
  }
}

TEST_F(EmphasisInAPot, OfAStateWithoutAnyIsNone) {
  const test::TempDir folder;
  Session session(*model_, 100, KvDtype::f16), again(*model_, 100, KvDtype::f16);
  Pot pot(*model_, session, options_of("infinipot"));
  Pot restored(*model_, again, options_of("infinipot"));
  read(pot, std::span(tokens_).first(60));
  read(restored, std::span(tokens_).last(70), {std::span(weights_).last(70)});
  save(pot, {}, folder / "state");
  restore(restored, formats::Bundle::open(folder / "state"), {});
  const auto more = std::span(tokens_).subspan(60, 120);
  EXPECT_EQ(read(restored, more), read(pot, more));
}

}  // namespace
}  // namespace crayon::context
