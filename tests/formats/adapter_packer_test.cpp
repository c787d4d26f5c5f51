#include "formats/packer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::sample_adapter;
using test::sample_model;
using test::TempDir;

class AdapterPacker : public ::testing::Test {
 protected:
  AdapterPacker() {
    pack_model(sample_model(1), {}, dir_ / "base", {});
    pack_model(sample_model(2), {}, dir_ / "other", {});
  }

  static void expect_equal(const AdapterSource& read, const AdapterSource& source) {
    EXPECT_EQ(read.name, source.name);
    EXPECT_EQ(read.rank, source.rank);
    EXPECT_EQ(read.scale, source.scale);
    ASSERT_EQ(read.factors.size(), source.factors.size());
    for (std::size_t i = 0; i < read.factors.size(); ++i) {
      const SourceLora& factor = source.factors[source.factors.size() - 1 - i];
      EXPECT_EQ(read.factors[i].layer, factor.layer);
      EXPECT_EQ(read.factors[i].projection, factor.projection);
      EXPECT_EQ(read.factors[i].rank, factor.rank);
      EXPECT_EQ(read.factors[i].a, factor.a);
      EXPECT_EQ(read.factors[i].b, factor.b);
      EXPECT_EQ(read.factors[i].directions, factor.directions);
    }
    ASSERT_EQ(read.experts.has_value(), source.experts.has_value());
    if (source.experts) {
      EXPECT_EQ(read.experts->ranks, source.experts->ranks);
      EXPECT_EQ(read.experts->top_k, source.experts->top_k);
      EXPECT_EQ(read.experts->temperature, source.experts->temperature);
    }
  }

  Code refused(const AdapterSource& adapter, const std::string& named) {
    std::string sentence;
    const Bundle base = Bundle::open(dir_ / "base");
    const Code code = code_of([&] { pack_adapter(adapter, base, dir_ / "bad"); }, &sentence);
    EXPECT_FALSE(std::filesystem::exists(dir_ / "bad"));
    EXPECT_NE(sentence.find(named), std::string::npos) << sentence;
    return code;
  }

  TempDir dir_;
};

TEST_F(AdapterPacker, AdapterComesBack) {
  const Bundle base = Bundle::open(dir_ / "base");
  const AdapterSource source = sample_adapter("maths", 9);
  const Hash id = pack_adapter(source, base, dir_ / "a");
  const Bundle bundle = Bundle::open(dir_ / "a");
  EXPECT_EQ(bundle.id(), id);
  EXPECT_EQ(bundle.info().kind, BundleKind::adapter);
  EXPECT_EQ(bundle.info().base, base.id());
  expect_equal(read_adapter(bundle, 0, base), source);
  EXPECT_EQ(code_of([&] { read_adapter(bundle, 1, base); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { read_adapter(bundle, 0, Bundle::open(dir_ / "other")); }),
            Code::wrong_base);
  EXPECT_EQ(code_of([&] { read_adapter(base, 0, base); }), Code::wrong_base);
  EXPECT_EQ(code_of([&] { read_adapter(bundle, 0, bundle); }), Code::bad_argument);
}

/// sample_adapter() as two experts of rank 1.
AdapterSource sample_experts() {
  AdapterSource adapter = sample_adapter("two", 7);
  adapter.experts = ExpertsInfo{.ranks = {1, 1}, .top_k = 2, .temperature = 0.5f};
  SourceLora& narrow = adapter.factors[1];
  narrow.rank = 2;
  narrow.a = test::random_floats(2 * narrow.a.size(), 8);
  narrow.b = test::random_floats(2 * narrow.b.size(), 9);
  for (SourceLora& factor : adapter.factors) {
    factor.directions = factor.a;
  }
  return adapter;
}

TEST_F(AdapterPacker, ExpertsComeBack) {
  const Bundle base = Bundle::open(dir_ / "base");
  const AdapterSource source = sample_experts();
  pack_adapter(source, base, dir_ / "experts");
  expect_equal(read_adapter(Bundle::open(dir_ / "experts"), 0, base), source);
}

TEST_F(AdapterPacker, MadeWhileItIsWrittenItIsTheSame) {
  const Bundle base = Bundle::open(dir_ / "base");
  const AdapterSource source = sample_adapter("maths", 9);
  AdapterSource head = source;
  head.factors.clear();
  const auto pack = [&](std::size_t count, std::vector<std::size_t> order) {
    const auto make = [&](std::size_t i, SourceLora& factor) { factor = source.factors[order[i]]; };
    return pack_adapter(head, count, make, base, dir_ / "made");
  };
  const Hash id = pack(2, {1, 0});
  EXPECT_EQ(id, pack_adapter(source, base, dir_ / "whole"));
  EXPECT_EQ(Bundle::open(dir_ / "made").id(), id);
  EXPECT_EQ(code_of([&] { pack(2, {0, 1}); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { pack(2, {1, 1}); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { pack(0, {}); }), Code::unsupported_adapter);
  head.rank = 1;
  EXPECT_EQ(code_of([&] { pack(2, {1, 0}); }), Code::bad_shape);
  EXPECT_EQ(Bundle::open(dir_ / "made").id(), id) << "a failure leaves what was there";
}

TEST_F(AdapterPacker, ChecksExperts) {
  AdapterSource adapter = sample_experts();
  adapter.factors[1].directions.pop_back();
  EXPECT_EQ(refused(adapter, "directions"), Code::bad_shape);
  adapter = sample_experts();
  adapter.factors[0].directions[0] = NAN;
  EXPECT_EQ(refused(adapter, "finite"), Code::corrupt);
  adapter = sample_experts();
  adapter.experts->ranks = {1, 2};
  EXPECT_EQ(refused(adapter, "expert_ranks"), Code::corrupt);
  adapter = sample_experts();
  adapter.experts.reset();
  EXPECT_EQ(refused(adapter, "directions"), Code::bad_shape);
}

TEST_F(AdapterPacker, PoolComesBack) {
  const Bundle base = Bundle::open(dir_ / "base");
  const std::vector<AdapterSource> sources = {sample_adapter("a", 1), sample_adapter("b", 2),
                                              sample_adapter("c", 3)};
  const std::vector<float> indicators = test::random_floats(24, 5);
  pack_pool(sources, {indicators, 0.25f}, base, dir_ / "pool");
  const Bundle pool = Bundle::open(dir_ / "pool");
  EXPECT_EQ(pool.info().kind, BundleKind::pool);
  EXPECT_EQ(pool.info().pool_tau, 0.25f);
  EXPECT_EQ(pool.info().provenance.source, "a, b, c");
  EXPECT_EQ(pool.info().provenance.licence, "CC0");
  EXPECT_EQ(pool.at("indicators").shape, (Shape{.rows = 3, .cols = 8}));
  EXPECT_EQ(pool.read_f32(pool.at("indicators")), indicators);
  ASSERT_EQ(pool.info().adapters.size(), 3u);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    expect_equal(read_adapter(pool, i, base), sources[i]);
  }
  EXPECT_EQ(pool.info().pool_embedding, Embedding());
}

TEST_F(AdapterPacker, IndicatorsOfHiddenStatesHaveAnotherName) {
  // So that a reader that knows only queries refuses them.
  const Bundle base = Bundle::open(dir_ / "base");
  const std::vector<AdapterSource> sources = {sample_adapter("a", 1)};
  const Embedding embedding{2, true};
  pack_pool(sources, {test::random_floats(8, 5), 0.25f, embedding}, base, dir_ / "pool");
  const Bundle pool = Bundle::open(dir_ / "pool");
  EXPECT_EQ(pool.info().pool_embedding, embedding);
  EXPECT_EQ(pool.find("indicators"), nullptr);
  EXPECT_EQ(pool.at("hidden_indicators").shape, (Shape{.rows = 1, .cols = 8}));
}

TEST_F(AdapterPacker, RoutingDataIsAddedInPlaceAndIsPartOfTheId) {
  const Bundle base = Bundle::open(dir_ / "base");
  const std::vector<AdapterSource> sources = {sample_adapter("a", 1), sample_adapter("b", 2)};
  AdapterSource scoped = sources[0];
  scoped.scope = Scope{{}, test::random_floats(8, 6)};
  pack_adapter(scoped, base, dir_ / "adapter");
  pack_pool(sources, {test::random_floats(16, 5), 0.25f, {1, true}}, base, dir_ / "pool");
  const Routing routing{.share = 0.2f,
                        .examples = 40,
                        .signals = {{.name = "probe", .threshold = 0.25, .auroc = 0.5f},
                                    {.name = "confidence", .threshold = 0.1, .decides = true}},
                        .probe = LinearProbe{{2, true}, test::random_floats(8, 7), -0.5f}};
  for (const char* const name : {"adapter", "pool"}) {
    const auto path = dir_ / name;
    const Bundle before = Bundle::open(path);
    EXPECT_FALSE(before.info().routing);
    const Hash id = pack_routing(before, routing, path);
    const Bundle after = Bundle::open(path);
    EXPECT_EQ(after.info().routing, routing);
    EXPECT_EQ(after.id(), id);
    EXPECT_NE(after.id(), before.id());
    // Nothing else has changed.
    EXPECT_EQ(read_adapter(after, 0, base).factors[0].b,
              read_adapter(before, 0, base).factors[0].b);
    EXPECT_EQ(after.info().tensors.size(), before.info().tensors.size());
    EXPECT_EQ(after.info().pool_tau, before.info().pool_tau);
    EXPECT_EQ(after.info().provenance, before.info().provenance);
    EXPECT_EQ(after.info().scope.has_value(), before.info().scope.has_value());
    // Without a probe, and over what was there.
    Routing plain = routing;
    plain.probe.reset();
    pack_routing(after, plain, path);
    EXPECT_EQ(Bundle::open(path).info().routing, plain);
    // What fails leaves the bundle as it was.
    Routing bad = routing;
    bad.signals.clear();
    EXPECT_EQ(code_of([&] { pack_routing(after, bad, path); }), Code::corrupt);
    EXPECT_EQ(Bundle::open(path).info().routing, plain);
  }
  EXPECT_EQ(code_of([&] { pack_routing(base, routing, dir_ / "base"); }), Code::bad_argument);
}

TEST_F(AdapterPacker, TheScopeOfAnAdapterComesBack) {
  const Bundle base = Bundle::open(dir_ / "base");
  AdapterSource source = sample_adapter("a", 1);
  const auto packed = [&] {
    pack_adapter(source, base, dir_ / "scoped");
    return read_adapter(Bundle::open(dir_ / "scoped"), 0, base);
  };
  EXPECT_FALSE(packed().scope);
  for (const Embedding embedding : {Embedding(), Embedding{1, false}}) {
    source.scope = Scope{embedding, test::random_floats(8, 6)};
    const AdapterSource again = packed();
    ASSERT_TRUE(again.scope);
    EXPECT_EQ(again.scope->embedding, embedding);
    EXPECT_EQ(again.scope->centre, source.scope->centre);
  }
  const auto refused = [&](const Scope& scope) {
    source.scope = scope;
    return code_of(packed);
  };
  EXPECT_EQ(refused({{3, false}, test::random_floats(8, 6)}), Code::corrupt);
  EXPECT_EQ(refused({{}, test::random_floats(7, 6)}), Code::bad_shape);
  EXPECT_EQ(refused({{}, std::vector<float>(8, NAN)}), Code::corrupt);
}

TEST_F(AdapterPacker, RefusesABadPool) {
  const Bundle base = Bundle::open(dir_ / "base");
  const auto pack = [&](const std::vector<AdapterSource>& adapters,
                        const std::vector<float>& indicators, float tau) {
    return code_of([&] { pack_pool(adapters, {indicators, tau}, base, dir_ / "pool"); });
  };
  const std::vector<AdapterSource> two = {sample_adapter("a", 1), sample_adapter("b", 2)};
  const std::vector<float> indicators(16, 1.0f);
  EXPECT_EQ(pack({}, {}, 0.1f), Code::bad_argument);
  EXPECT_EQ(pack(two, std::vector<float>(8), 0.1f), Code::bad_argument);
  EXPECT_EQ(pack(two, std::vector<float>(16, NAN), 0.1f), Code::corrupt);
  EXPECT_EQ(pack(two, indicators, 0.0f), Code::corrupt);
  EXPECT_EQ(pack({two[0], two[0]}, indicators, 0.1f), Code::corrupt);
  EXPECT_EQ(pack({two[0], sample_experts()}, indicators, 0.1f), Code::corrupt);
  EXPECT_EQ(code_of([&] {
              pack_pool(two, {indicators, 0.1f, {3, false}}, base, dir_ / "pool");
            }),
            Code::corrupt);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "pool"));
}

TEST_F(AdapterPacker, ChecksFactorsAgainstTheBase) {
  AdapterSource adapter = sample_adapter("a", 1);
  adapter.factors[0].layer = 2;
  EXPECT_EQ(refused(adapter, "layers.2.down"), Code::unmatched_tensor);
  adapter = sample_adapter("a", 1);
  adapter.factors[0].projection = Projection::o;
  EXPECT_EQ(refused(adapter, "layers.1.o"), Code::bad_shape);
  adapter = sample_adapter("a", 1);
  adapter.factors[0].rank = 3;
  EXPECT_EQ(refused(adapter, "rank 3"), Code::bad_shape);
  adapter = sample_adapter("a", 1);
  adapter.factors[0].rank = 0;
  EXPECT_EQ(refused(adapter, "rank 0"), Code::bad_shape);
  adapter = sample_adapter("a", 1);
  adapter.factors[1].b[7] = INFINITY;
  EXPECT_EQ(refused(adapter, "layers.0.q"), Code::corrupt);
  adapter = sample_adapter("a", 1);
  adapter.factors.push_back(adapter.factors[0]);
  EXPECT_EQ(refused(adapter, "layers.1.down"), Code::corrupt);
  adapter = sample_adapter("a", 1);
  adapter.factors.clear();
  EXPECT_EQ(refused(adapter, "factors"), Code::unsupported_adapter);
  adapter = sample_adapter("a", 1);
  adapter.scale = NAN;
  EXPECT_EQ(refused(adapter, "scale"), Code::corrupt);
  adapter = sample_adapter("a", 1);
  adapter.rank = 100000;
  EXPECT_EQ(refused(adapter, "rank"), Code::over_limit);
  EXPECT_EQ(refused(sample_adapter("", 1), "adapters[0].name"), Code::corrupt);
}

// An adapter bundle with tensors of the test's choice.
Bundle odd_adapter(const std::filesystem::path& path, const Bundle& base,
                   const std::vector<std::pair<std::string, Shape>>& tensors) {
  BundleWriter writer(path, BundleKind::adapter);
  for (const auto& [name, shape] : tensors) {
    writer.add_f32(name, shape, std::vector<float>(shape.rows * shape.cols, 1.0f));
  }
  BundleInfo info;
  info.adapters = {{.name = "odd", .rank = 2, .scale = 1.0f}};
  info.base = base.id();
  writer.finish(info);
  return Bundle::open(path);
}

TEST_F(AdapterPacker, ReadingChecksFactorsAgainstTheBase) {
  const Bundle base = Bundle::open(dir_ / "base");
  const auto code = [&](const std::vector<std::pair<std::string, Shape>>& tensors) {
    const Bundle bundle = odd_adapter(dir_ / "odd", base, tensors);
    return code_of([&] { read_adapter(bundle, 0, base); });
  };
  const std::pair<std::string, Shape> a = {"layers.0.q.lora_a", {.rows = 2, .cols = 8}};
  const std::pair<std::string, Shape> b = {"layers.0.q.lora_b", {.rows = 8, .cols = 2}};
  EXPECT_EQ(read_adapter(odd_adapter(dir_ / "ok", base, {b, a}), 0, base).factors.size(), 1u);
  EXPECT_EQ(code({a}), Code::missing_tensor);
  EXPECT_EQ(code({b}), Code::missing_tensor);
  EXPECT_EQ(code({a, b, {"layers.2.q.lora_a", {.rows = 2, .cols = 8}}}), Code::unmatched_tensor);
  EXPECT_EQ(code({a, {"layers.0.q.lora_b", {.rows = 8, .cols = 1}}}), Code::bad_shape);
  EXPECT_EQ(code({a, {"layers.0.q.lora_b", {.rows = 9, .cols = 2}}}), Code::bad_shape);
  EXPECT_EQ(code({{"layers.0.q.lora_a", {.rows = 3, .cols = 8}},
                  {"layers.0.q.lora_b", {.rows = 8, .cols = 3}}}),
            Code::bad_shape);
}

}  // namespace
}  // namespace crayon::formats
