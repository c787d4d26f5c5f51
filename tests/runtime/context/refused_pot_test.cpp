#include "runtime/context/saved_pot.h"

#include <sys/resource.h>

#include <cmath>
#include <csignal>

#include "formats/bundle_layout.h"
#include "tests/runtime/context/pots_to_save.h"

namespace crayon::context {
namespace {

using formats::Bundle;
using formats::BundleInfo;
using formats::BundleKind;
using formats::Dtype;
using formats::Hash;
using model::KvDtype;
using test::code_of;

class RefusedPot : public PotsToSave {
 protected:
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

TEST_F(RefusedPot, OfAnotherModelIsRefused) {
  const test::Packed packed(test::random_source(test::tiny_config(), 65), Dtype::i8);
  const auto model = packed.load(pool_);
  EXPECT_EQ(refused(*model, saved(options_of("nuc")), 100, KvDtype::f16, options_of("nuc"),
                    "another model"),
            Code::wrong_base);
}

TEST_F(RefusedPot, OfOtherAdaptersIsRefused) {
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

TEST_F(RefusedPot, OfOtherSettingsIsRefused) {
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
TEST_F(RefusedPot, OfSettingsThatDoNotMatterIsTaken) {
  PotOptions options = options_of("tova");
  options.catalyst.clear();
  options.normaliser = model::Normaliser::sampled;
  Filled other(*model_, 100, KvDtype::f16, options);
  restore(other.pot, Bundle::open(saved(options_of("tova"))), no_adapters);
  EXPECT_EQ(other.pot.dropped() + other.session.position(), 130u);
}

TEST_F(RefusedPot, NeedsAContextThatHoldsIt) {
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

TEST_F(RefusedPot, OfAnotherRotationIsRefused) {
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

TEST_F(RefusedPot, IsNoOtherBundle) {
  EXPECT_EQ(refused(packed_.bundle.path(), 100, KvDtype::f16, options_of("nuc"), "of kind model"),
            Code::bad_argument);
}

/// Shapes that are right by themselves.
TEST_F(RefusedPot, ThatIsForgedIsRefused) {
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

TEST_F(RefusedPot, ThatIsDamagedIsRefused) {
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

TEST_F(RefusedPot, OfNothingIsNone) {
  Filled one(*model_, 100, KvDtype::f16, options_of("nuc"));
  EXPECT_EQ(code_of([&] { save(one.pot); }), Code::bad_argument);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state"));
}

TEST_F(RefusedPot, HasFiniteNumbersAlone) {
  Filled one(*model_, 100, KvDtype::f16, options_of("nuc"));
  one.pot.read(tokens(0, 50), {});
  one.pot.set_surprise(20, NAN);
  std::string sentence;
  EXPECT_EQ(code_of([&] { save(one.pot); }, &sentence), Code::corrupt);
  EXPECT_NE(sentence.find("surprise"), std::string::npos) << sentence;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state"));
}

/// Files may not grow beyond 4 KiB, as on a disk that is full: the old file stays.
TEST_F(RefusedPot, LeavesTheOldFileWhenThereIsNoRoom) {
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

}  // namespace
}  // namespace crayon::context
