#include "runtime/context/saved_pot.h"

#include <cmath>

#include "tests/runtime/context/pots_to_save.h"

namespace crayon::context {
namespace {

using formats::Bundle;
using formats::Dtype;
using formats::Hash;
using model::KvDtype;

class SavedPot : public PotsToSave, public testing::WithParamInterface<std::string_view> {};

/// Before the first distillation, with a full pot, just behind a distillation and later.
constexpr std::size_t lengths[] = {1, 40, 100, 101, 333};

TEST_P(SavedPot, GoesOnAsIfItHadNeverStopped) {
  for (const KvDtype kv : all_types) {
    for (const std::size_t length : lengths) {
      Filled one(*model_, 100, kv, options_of(GetParam()));
      one.pot.clear(3);
      one.pot.read(tokens(0, length), {});
      Filled other(*model_, 100, kv, options_of(GetParam()));
      expect_same(one, other, length);
    }
  }
}

/// What the other pot held is gone.
TEST_P(SavedPot, TakesThePlaceOfWhatWasThere) {
  Filled one(*model_, 100, KvDtype::f16, options_of(GetParam()));
  one.pot.read(tokens(0, 130), {});
  Filled other(*model_, 100, KvDtype::f16, options_of(GetParam()));
  other.pot.clear(7);
  other.pot.read(tokens(500, 290), {});
  expect_same(one, other, 130);
}

/// Of 200 positions the layer with a window has a ring of 128.
TEST_P(SavedPot, KeepsWhatRingsHold) {
  for (const KvDtype kv : all_types) {
    for (const std::size_t length : {20, 199, 290, 450}) {
      Filled one(*windowed_model_, 200, kv, options_of(GetParam()));
      one.pot.read(tokens(0, length), {});
      Filled other(*windowed_model_, 200, kv, options_of(GetParam()));
      other.pot.read(tokens(600, 150), {});
      expect_same(one, other, length);
    }
  }
}

TEST_P(SavedPot, CanBeGoneBackIn) {
  for (const std::uint32_t back : {3u, 20u}) {
    Filled one(*model_, 100, KvDtype::f16, options_of(GetParam()));
    one.pot.read(tokens(0, 175), {});
    Filled other(*model_, 100, KvDtype::f16, options_of(GetParam()));
    restore(other.pot, Bundle::open(save(one.pot)), no_adapters);
    const std::uint32_t position = one.pot.kept(one.session.position() - back);
    ASSERT_NE(position, 0u);
    ASSERT_EQ(other.pot.kept(position), position);
    one.pot.rewind(position);
    other.pot.rewind(position);
    expect_same(one, other, 400);
    ASSERT_EQ(other.read(tokens(700, 250)), one.read(tokens(700, 250)));
  }
}

/// A larger pot goes on with what the smaller one held; as both have room, to the bit.
TEST_P(SavedPot, FitsIntoALargerContext) {
  for (const auto* const model : {model_.get(), windowed_model_.get()}) {
    Filled one(*model, 100, KvDtype::f16, options_of(GetParam()));
    one.pot.read(tokens(0, 215), {});
    Filled other(*model, 230, KvDtype::f16, options_of(GetParam()));
    restore(other.pot, Bundle::open(save(one.pot)), no_adapters);
    const std::uint32_t some = one.pot.room();
    ASSERT_GT(some, 10u);
    EXPECT_EQ(other.read(tokens(215, some)), one.read(tokens(215, some)));
    other.pot.read(tokens(300, 600), {});
    EXPECT_GE(other.pot.statistics().distillations, 4u);
    EXPECT_TRUE(std::ranges::all_of(other.read(tokens(900, 1)),
                                    [](float logit) { return std::isfinite(logit); }));
  }
}

/// Also into one that is as small as a window.
TEST_P(SavedPot, FitsIntoASmallerContext) {
  formats::ModelConfig config = windowed_config();
  config.window = 64;
  const test::Packed packed(test::random_source(config, 64), Dtype::f32);
  const auto model = packed.load(pool_);
  Filled one(*model, 220, KvDtype::f16, options_of(GetParam()));
  one.pot.read(tokens(0, 220), {});
  one.pot.make_room();
  one.pot.distil(40);
  Filled other(*model, 64, KvDtype::f16, options_of(GetParam()));
  restore(other.pot, Bundle::open(save(one.pot)), no_adapters);
  const std::uint32_t some = other.pot.room();
  EXPECT_EQ(other.read(tokens(220, some)), one.read(tokens(220, some)));
  EXPECT_TRUE(std::ranges::all_of(other.read(tokens(300, 600)),
                                  [](float logit) { return std::isfinite(logit); }));
}

INSTANTIATE_TEST_SUITE_P(Rules, SavedPot,
                         testing::ValuesIn(rule_names().begin(), rule_names().end()),
                         [](const auto& each) { return std::string(each.param); });

using AnySavedPot = PotsToSave;

TEST_F(AnySavedPot, WithoutARuleGoesOnToo) {
  for (const KvDtype kv : all_types) {
    Filled one(*model_, 256, kv, {});
    one.pot.read(tokens(0, 150), {});
    Filled other(*model_, 256, kv, {});
    restore(other.pot, Bundle::open(save(one.pot)), no_adapters);
    EXPECT_EQ(other.read(tokens(150, 106)), one.read(tokens(150, 106)));
  }
}

TEST_F(AnySavedPot, SaysWhatItHolds) {
  Filled one(*model_, 100, KvDtype::i8, options_of("infinipot"));
  one.pot.clear(5);
  one.pot.read(tokens(0, 130), {});
  const Hash id = context::save(
      one.pot, {.adapters = Hash{7}, .source = "a text", .source_hash = "00"}, folder_ / "state");
  const Bundle bundle = Bundle::open(folder_ / "state");
  bundle.verify({});
  EXPECT_EQ(bundle.id(), id);
  const formats::StateInfo& state = *bundle.info().state;
  EXPECT_EQ(*bundle.info().base, model_->id());
  EXPECT_EQ(bundle.info().provenance.source, "a text");
  EXPECT_EQ(state.adapters, Hash{7});
  EXPECT_EQ(state.rule.name, "infinipot");
  EXPECT_EQ(state.rule.catalyst, options_of("infinipot").catalyst);
  EXPECT_EQ(state.tokens_read(), 130u);
  EXPECT_EQ(state.positions, one.session.position());
  EXPECT_EQ(state.pinned, 5u);
  EXPECT_EQ(state.context, 100u);
  EXPECT_EQ(state.kv, Dtype::i8);
}

/// Every number of the entries passes through; a second file is the same as the first.
TEST_F(AnySavedPot, IsTheSameFileWhenItIsSavedAgain) {
  for (const KvDtype kv : all_types) {
    const std::vector<std::uint8_t> bytes = test::file_bytes(saved(options_of("snapkv"), kv));
    Filled other(*model_, 100, kv, options_of("snapkv"));
    restore(other.pot, Bundle::open(folder_ / "state"), no_adapters);
    EXPECT_EQ(test::file_bytes(save(other.pot)), bytes);
  }
}

/// The first token of a text has none before it, whatever was read until then.
TEST_F(AnySavedPot, BeginsAgainWithoutWhatItForgot) {
  std::vector<std::vector<std::uint8_t>> files;
  for (const std::size_t before : {0, 90}) {
    Filled one(*model_, 100, KvDtype::f16, options_of("nuc"));
    if (before != 0) {
      one.pot.read(tokens(200, before), {});
      one.pot.distil(20);
      one.pot.clear(0);
    }
    one.pot.read(tokens(0, 30), {});
    files.push_back(test::file_bytes(save(one.pot)));
  }
  EXPECT_EQ(files[0], files[1]);
}

}  // namespace
}  // namespace crayon::context
