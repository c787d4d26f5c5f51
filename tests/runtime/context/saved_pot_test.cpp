#include "runtime/context/saved_pot.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>

#include "formats/bundle_layout.h"
#include "tests/formats/bundle_samples.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::context {
namespace {

using formats::Bundle;
using formats::BundleInfo;
using formats::BundleKind;
using formats::Dtype;
using formats::Hash;
using model::KvDtype;
using model::Session;
using test::code_of;

constexpr Hash no_adapters{};

PotOptions options_of(std::string_view rule) {
  PotOptions options;
  options.rule = rule;
  options.catalyst = {5, 9, 13, 21};
  options.rules.observed = 8;
  options.normaliser = model::Normaliser::full;
  return options;
}

formats::ModelConfig windowed_config() {
  formats::ModelConfig config = test::tiny_config();
  config.window = 16;
  config.windowed = {true, false};
  return config;
}

/// A pot with its session.
struct Filled {
  Filled(const model::Model& model, std::uint32_t context, KvDtype kv, const PotOptions& options)
      : vocab(model.config().vocab_size),
        session(model, context, kv),
        pot(model, session, options) {}

  std::vector<float> read(std::span<const Token> tokens) {
    std::vector<float> logits(vocab);
    pot.read(tokens, logits);
    return logits;
  }

  std::size_t vocab;
  Session session;
  Pot pot;
};

class SavedPot : public testing::TestWithParam<std::string_view> {
 protected:
  std::span<const Token> tokens(std::size_t first, std::size_t count) const {
    return std::span(tokens_).subspan(first, count);
  }

  std::filesystem::path save(const Pot& pot) const {
    context::save(pot, {}, folder_ / "state");
    return folder_ / "state";
  }

  /// Saves `pot`, restores it into `other`, and has both go on.
  void expect_same(Filled& one, Filled& other, std::size_t read) const {
    restore(other.pot, Bundle::open(save(one.pot)), no_adapters);
    EXPECT_EQ(other.session.position(), one.session.position());
    EXPECT_EQ(other.pot.dropped(), one.pot.dropped());
    EXPECT_EQ(other.pot.distilled(), one.pot.distilled());
    EXPECT_EQ(other.pot.pinned(), one.pot.pinned());
    const std::uint64_t before = one.pot.statistics().distillations;
    const std::uint64_t before_other = other.pot.statistics().distillations;
    for (const std::size_t more : {1, 30, 250}) {
      ASSERT_EQ(other.read(tokens(read, more)), one.read(tokens(read, more)))
          << read << " " << more;
      read += more;
    }
    EXPECT_EQ(other.pot.statistics().distillations - before_other,
              one.pot.statistics().distillations - before);
    EXPECT_EQ(other.pot.dropped(), one.pot.dropped());
  }

  const test::TempDir folder_;
  ThreadPool pool_{2};
  const test::Packed packed_{test::random_source(test::tiny_config(), 61), Dtype::i8};
  const std::unique_ptr<model::Model> model_ = packed_.load(pool_);
  const test::Packed windowed_{test::random_source(windowed_config(), 62), Dtype::f32};
  const std::unique_ptr<model::Model> windowed_model_ = windowed_.load(pool_);
  const std::vector<Token> tokens_ = test::random_tokens(1000, model_->config().vocab_size, 63);
};

constexpr KvDtype all_types[] = {KvDtype::f32, KvDtype::f16, KvDtype::i8};

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

class AnySavedPot : public SavedPot {
 protected:
  /// A pot that has read 130 tokens, saved.
  std::filesystem::path saved(const PotOptions& options, KvDtype kv = KvDtype::f16) const {
    Filled one(*model_, 100, kv, options);
    one.pot.read(tokens(0, 130), {});
    return save(one.pot);
  }

  /// Restoring from `path` fails, and what is read then has the logits that it would have had.
  Code refused(const std::filesystem::path& path, std::uint32_t context, KvDtype kv,
               const PotOptions& options, const std::string& part,
               const Hash& adapters = no_adapters) const {
    return refused(*model_, path, context, kv, options, part, adapters);
  }
  Code refused(const model::Model& model, const std::filesystem::path& path, std::uint32_t context,
               KvDtype kv, const PotOptions& options, const std::string& part,
               const Hash& adapters = no_adapters) const {
    Filled one(model, context, kv, options);
    one.pot.read(tokens(300, 70), {});
    Filled other(model, context, kv, options);
    other.pot.read(tokens(300, 70), {});
    std::string sentence;
    const Code code = code_of([&] { restore(other.pot, Bundle::open(path), adapters); }, &sentence);
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
    EXPECT_TRUE(sentence.starts_with(path.string())) << sentence;
    EXPECT_EQ(other.pot.dropped(), one.pot.dropped());
    EXPECT_EQ(other.pot.distilled(), one.pot.distilled());
    EXPECT_EQ(other.read(tokens(400, 1)), one.read(tokens(400, 1)));
    const std::size_t more = one.pot.bounded() ? 200 : one.pot.room();
    EXPECT_EQ(other.read(tokens(401, more)), one.read(tokens(401, more)));
    return code;
  }

  /// The same tensors, with other words around them.
  std::filesystem::path forged(const std::filesystem::path& path,
                               const std::function<void(BundleInfo&)>& change) const {
    const Bundle bundle = Bundle::open(path);
    formats::BundleWriter writer(folder_ / "forged", BundleKind::state);
    for (const formats::TensorEntry& tensor : bundle.info().tensors) {
      writer.begin_tensor(tensor.name, tensor.dtype, tensor.shape);
      bundle.read(tensor, [&](ByteSpan piece) { writer.write(piece); });
    }
    BundleInfo info = bundle.info();
    change(info);
    writer.finish(std::move(info));
    return folder_ / "forged";
  }
};

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

TEST_F(AnySavedPot, OfAnotherModelIsRefused) {
  const test::Packed packed(test::random_source(test::tiny_config(), 65), Dtype::i8);
  const auto model = packed.load(pool_);
  EXPECT_EQ(refused(*model, saved(options_of("nuc")), 100, KvDtype::f16, options_of("nuc"),
                    "another model"),
            Code::wrong_base);
}

TEST_F(AnySavedPot, OfOtherAdaptersIsRefused) {
  const PotOptions options = options_of("nuc");
  EXPECT_EQ(refused(saved(options), 100, KvDtype::f16, options, "other adapters, none, and these",
                    Hash{1}),
            Code::wrong_base);
  Filled one(*model_, 100, KvDtype::f16, options);
  one.pot.read(tokens(0, 50), {});
  context::save(one.pot, {.adapters = Hash{1}}, folder_ / "adapted");
  EXPECT_EQ(refused(folder_ / "adapted", 100, KvDtype::f16, options, "and these are none"),
            Code::wrong_base);
  Filled other(*model_, 100, KvDtype::f16, options);
  restore(other.pot, Bundle::open(folder_ / "adapted"), Hash{1});
  EXPECT_EQ(other.session.position(), 50u);
}

TEST_F(AnySavedPot, OfOtherSettingsIsRefused) {
  const auto path = saved(options_of("infinipot"));
  const auto code = [&](const char* part, const std::function<void(PotOptions&)>& change) {
    PotOptions options = options_of("infinipot");
    change(options);
    return refused(path, 100, KvDtype::f16, options, part);
  };
  EXPECT_EQ(code("rule infinipot", [](auto& o) { o.rule = "cap"; }), Code::bad_argument);
  EXPECT_EQ(code("this session has none", [](auto& o) { o.rule = "none"; }), Code::bad_argument);
  EXPECT_EQ(code("share kept of 0.5", [](auto& o) { o.keep = 0.6f; }), Code::bad_argument);
  EXPECT_EQ(code("surprise", [](auto& o) { o.rules.surprise_share = 0.1f; }), Code::bad_argument);
  EXPECT_EQ(code("sinks", [](auto& o) { o.rules.sinks = 5; }), Code::bad_argument);
  EXPECT_EQ(code("observed", [](auto& o) { o.rules.observed = 9; }), Code::bad_argument);
  EXPECT_EQ(code("pooled", [](auto& o) { o.rules.pooled = 9; }), Code::bad_argument);
  EXPECT_EQ(code("catalyst", [](auto& o) { o.catalyst = {5, 9, 13, 22}; }), Code::bad_argument);
  EXPECT_EQ(code("sampled", [](auto& o) { o.normaliser = model::Normaliser::sampled; }),
            Code::bad_argument);
  EXPECT_EQ(refused(path, 100, KvDtype::i8, options_of("infinipot"), "keys and values in f16"),
            Code::bad_argument);
}

/// A catalyst prompt is nothing to rules that have none.
TEST_F(AnySavedPot, OfSettingsThatDoNotMatterIsTaken) {
  PotOptions options = options_of("tova");
  options.catalyst.clear();
  options.normaliser = model::Normaliser::sampled;
  Filled other(*model_, 100, KvDtype::f16, options);
  restore(other.pot, Bundle::open(saved(options_of("tova"))), no_adapters);
  EXPECT_EQ(other.pot.dropped() + other.session.position(), 130u);
}

TEST_F(AnySavedPot, NeedsAContextThatHoldsIt) {
  const auto path = saved(options_of("streaming"));  // 80 positions
  EXPECT_EQ(refused(path, 79, KvDtype::f16, options_of("streaming"), "it holds 80 positions"),
            Code::bad_argument);
  Filled exact(*model_, 80, KvDtype::f16, options_of("streaming"));
  restore(exact.pot, Bundle::open(path), no_adapters);
  EXPECT_EQ(exact.pot.room(), 0u);
  exact.read(tokens(130, 200));

  Filled one(*model_, 200, KvDtype::f16, options_of("streaming"));
  one.pot.clear(30);
  one.pot.read(tokens(0, 60), {});
  EXPECT_EQ(refused(save(one.pot), 100, KvDtype::f16, options_of("streaming"), "are to stay"),
            Code::context_full);
}

TEST_F(AnySavedPot, OfAnotherRotationIsRefused) {
  formats::ModelConfig config = test::tiny_config();
  config.rope_scaling = formats::RopeScaling::longrope;
  config.rope_original_context = 128;
  config.rope_short_factors.assign(config.rotated_dim() / 2, 1.0f);
  config.rope_long_factors.assign(config.rotated_dim() / 2, 2.0f);
  const test::Packed packed(test::random_source(config, 66), Dtype::f32);
  const auto model = packed.load(pool_);
  const PotOptions options = options_of("keydiff");
  Filled one(*model, 100, KvDtype::f16, options);
  one.pot.read(tokens(0, 130), {});
  const auto path = save(one.pot);
  EXPECT_EQ(refused(*model, path, 200, KvDtype::f16, options, "rotated"), Code::bad_argument);
  Filled other(*model, 128, KvDtype::f16, options);
  restore(other.pot, Bundle::open(path), no_adapters);
}

TEST_F(AnySavedPot, IsNoOtherBundle) {
  EXPECT_EQ(refused(packed_.bundle.path(), 100, KvDtype::f16, options_of("nuc"), "of kind model"),
            Code::bad_argument);
}

/// Shapes that are right by themselves.
TEST_F(AnySavedPot, ThatIsForgedIsRefused) {
  const auto path = saved(options_of("streaming"));
  formats::ModelConfig config = test::tiny_config();
  config.layers = 3;
  const test::Packed packed(test::random_source(config, 67), Dtype::i8);
  const auto model = packed.load(pool_);
  const auto deeper = forged(path, [&](auto& info) { info.base = model->id(); });
  EXPECT_EQ(refused(*model, deeper, 100, KvDtype::f16, options_of("streaming"), "layers.2.keys"),
            Code::bad_shape);
  const auto surprising = forged(path, [](auto& info) { info.state->rule.name = "nuc"; });
  EXPECT_EQ(refused(surprising, 100, KvDtype::f16, options_of("nuc"), "its surprise"),
            Code::bad_shape);
  const auto other =
      forged(saved(options_of("nuc")), [](auto& info) { info.state->rule.name = "streaming"; });
  EXPECT_EQ(refused(other, 100, KvDtype::f16, options_of("streaming"), "its surprise"),
            Code::bad_shape);

  Filled one(*windowed_model_, 200, KvDtype::f16, options_of("streaming"));
  one.pot.read(tokens(0, 195), {});
  const auto ring = save(one.pot);
  EXPECT_NE(Bundle::open(ring).info().state->window_begin, 0u);
  const auto moved = forged(ring, [&](auto& info) { info.base = model_->id(); });
  EXPECT_EQ(refused(moved, 200, KvDtype::f16, options_of("streaming"), "layers.0.keys"),
            Code::bad_shape);
}

TEST_F(AnySavedPot, ThatIsDamagedIsRefused) {
  const auto path = saved(options_of("infinipot"));
  const std::vector<std::uint8_t> bytes = test::file_bytes(path);
  const std::size_t frames = test::frame_bytes(bytes).size();
  for (std::size_t at = 0; at < frames; at += frames / 7) {
    std::vector<std::uint8_t> damaged = bytes;
    damaged[formats::header_size + at] ^= 16;
    test::write_bytes(path, damaged);
    EXPECT_EQ(refused(path, 100, KvDtype::f16, options_of("infinipot"), "hash"), Code::corrupt);
  }
  for (const std::size_t size : {bytes.size() / 2, bytes.size() - 1}) {
    test::write_bytes(path, ByteSpan(bytes).first(size));
    EXPECT_EQ(refused(path, 100, KvDtype::f16, options_of("infinipot"), "footer.magic"),
              Code::truncated);
  }
}

TEST_F(AnySavedPot, OfNothingIsNone) {
  Filled one(*model_, 100, KvDtype::f16, options_of("nuc"));
  EXPECT_EQ(code_of([&] { save(one.pot); }), Code::bad_argument);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state"));
}

TEST_F(AnySavedPot, HasFiniteNumbersAlone) {
  Filled one(*model_, 100, KvDtype::f16, options_of("nuc"));
  one.pot.read(tokens(0, 50), {});
  one.pot.set_surprise(20, NAN);
  std::string sentence;
  EXPECT_EQ(code_of([&] { save(one.pot); }, &sentence), Code::corrupt);
  EXPECT_NE(sentence.find("surprise"), std::string::npos) << sentence;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state"));
}

/// Files may not grow beyond 4 KiB, as on a disk that is full: the old file stays.
TEST_F(AnySavedPot, LeavesTheOldFileWhenThereIsNoRoom) {
  const std::vector<std::uint8_t> bytes = test::file_bytes(saved(options_of("nuc")));
  Filled one(*model_, 100, KvDtype::f16, options_of("nuc"));
  one.pot.read(tokens(0, 60), {});
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Code code = code_of([&] { save(one.pot); });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(code, Code::io);
  EXPECT_EQ(test::file_bytes(folder_ / "state"), bytes);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
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
