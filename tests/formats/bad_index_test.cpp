// Indices with one wrong number in what any bundle has: every one is refused, and the sentence
// names the field. What a model has besides is in bad_model_index_test.cpp.
#include <cmath>
#include <functional>
#include <string>

#include "tests/formats/bad_index.h"
#include "tests/formats/bundle_samples.h"

namespace crayon::formats {
namespace {

using test::BadIndex;
using test::expect_refused;
using test::good_routing;

constexpr auto model = BundleKind::model;
constexpr auto adapter = BundleKind::adapter;
constexpr auto pool = BundleKind::pool;
constexpr auto corrupt = Code::corrupt;
constexpr auto over_limit = Code::over_limit;
constexpr auto unsupported = Code::unsupported;

std::function<void(Index&)> routing(const std::function<void(Routing&)>& spoil) {
  return [spoil](Index& index) {
    index.info.routing = good_routing();
    spoil(*index.info.routing);
  };
}

const BadIndex bad_indices[] = {
    {"KindUnknown", model, [](Index& i) { i.info.kind = BundleKind{9}; }, unsupported, "kind"},
    {"KindMissing", model, [](Index& i) { i.info.kind = BundleKind{0}; }, corrupt, "kind"},
    // frames
    {"FirstFrameTooEarly", model, [](Index& i) { i.frames[0].offset = 0; }, corrupt,
     "frames[0].offset"},
    {"FrameGap", model, [](Index& i) { ++i.frames[1].offset; }, corrupt, "frames[1].offset"},
    {"FrameOverlap", model, [](Index& i) { --i.frames[2].offset; }, corrupt, "frames[2].offset"},
    {"FrameOffsetWraps", model, [](Index& i) { i.frames[1].offset = ~0ull; }, corrupt,
     "frames[1].offset"},
    {"StoredNothing", model, [](Index& i) { i.frames[1].stored_size = 0; }, corrupt,
     "frames[1].stored_size"},
    {"StoredTooMuch", model, [](Index& i) { i.frames[1].stored_size = ~0u; }, over_limit,
     "frames[1].stored_size"},
    {"StoredPastTheLimit", model, [](Index& i) { i.frames[1].stored_size = max_stored_size + 1; },
     over_limit, "frames[1].stored_size"},
    {"DecodedNothing", model, [](Index& i) { i.frames[0].decoded_size = 0; }, corrupt,
     "frames[0].decoded_size"},
    {"DecodedTooMuch", model, [](Index& i) { i.frames[1].decoded_size = (1 << 20) + 1; },
     over_limit, "frames[1].decoded_size"},
    {"FramesPastTheIndex", model, [](Index& i) { ++i.frames[2].stored_size; }, corrupt, "frames"},
    {"FramesBeforeTheIndex", model, [](Index& i) { --i.frames[2].stored_size; }, corrupt, "frames"},
    {"FramesMissing", model, [](Index& i) { i.frames.clear(); }, corrupt, "frames"},
    {"FramesForNoTensor", model, [](Index& i) { i.info.tensors.pop_back(); }, corrupt, "tensors"},
    // tensors
    {"TensorNameTwice", model, [](Index& i) { i.info.tensors[3].name = "b"; }, corrupt,
     "tensors[3].name"},
    {"TensorNameMissing", model, [](Index& i) { i.info.tensors[3].name = ""; }, corrupt,
     "tensors[3].name"},
    {"TensorNameEndless", model, [](Index& i) { i.info.tensors[3].name.assign(257, 'x'); },
     over_limit, "tensors[3].name"},
    {"TensorNameRingsTheBell", model, [](Index& i) { i.info.tensors[3].name = "x\a"; }, corrupt,
     "tensors[3].name"},
    {"DtypeUnknown", model, [](Index& i) { i.info.tensors[1].dtype = Dtype{4}; }, unsupported,
     "tensors[1].dtype"},
    {"DtypeOther", model, [](Index& i) { i.info.tensors[1].dtype = Dtype::f32; }, corrupt,
     "tensors[2]."},
    {"NoRows", model, [](Index& i) { i.info.tensors[1].shape.rows = 0; }, corrupt,
     "tensors[1].shape"},
    {"NoColumns", model, [](Index& i) { i.info.tensors[1].shape.cols = 0; }, corrupt,
     "tensors[1].shape"},
    {"ShapeWraps", model,
     [](Index& i) {
       i.info.tensors[0].shape = {1ull << 33, 1ull << 33};
     },
     corrupt, "tensors[0].shape"},
    {"BytesWrap", model,
     [](Index& i) {
       i.info.tensors[0].shape = {1ull << 31, 1ull << 31};
     },
     corrupt, "tensors[0].shape"},
    {"ScalesWrap", model,
     [](Index& i) {
       i.info.tensors[1].shape = {1ull << 63, 1};
     },
     corrupt, "tensors[1].shape"},
    {"TensorTooLarge", model, [](Index& i) { i.info.tensors[4].shape.cols = 3; }, corrupt,
     "tensors[4].shape"},
    {"TensorsOverlap", model, [](Index& i) { i.info.tensors[4].offset = 16; }, corrupt,
     "tensors[4].offset"},
    {"TensorsGap", model, [](Index& i) { i.info.tensors[4].offset = 24; }, corrupt,
     "tensors[4].offset"},
    {"TensorInAnotherFrame", model, [](Index& i) { i.info.tensors[3].first_frame = 1; }, corrupt,
     "tensors[3].first_frame"},
    {"TensorInNoFrame", model, [](Index& i) { i.info.tensors[3].first_frame = ~0u; }, corrupt,
     "tensors[3].first_frame"},
    {"TensorAtAFramesEnd", model,
     [](Index& i) {
       i.info.tensors[2].first_frame = 0;
       i.info.tensors[2].offset = 40;
     },
     corrupt, "tensors[2].first_frame"},
    // provenance
    {"SourceEndless", model, [](Index& i) { i.info.provenance.source.assign(4097, 's'); },
     over_limit, "provenance.source"},
    {"LicenceWithEscape", model, [](Index& i) { i.info.provenance.licence = "\x1b[2J"; }, corrupt,
     "provenance.licence"},
    {"ToolWithDelete", model, [](Index& i) { i.info.provenance.tool = "\x7f"; }, corrupt,
     "provenance.tool"},
    // kinds
    {"ModelWithoutConfig", model, [](Index& i) { i.info.config.reset(); }, corrupt, "config"},
    {"ModelWithoutTokenizer", model, [](Index& i) { i.info.tokenizer.reset(); }, corrupt,
     "tokenizer"},
    {"ModelWithAdapter", model,
     [](Index& i) { i.info.adapters = {{.name = "x", .rank = 1, .scale = 1}}; }, corrupt,
     "adapters"},
    {"ModelWithBase", model, [](Index& i) { i.info.base = Hash{}; }, corrupt, "base"},
    {"AdapterWithConfig", adapter, [](Index& i) { i.info.config = test::sample_config(); }, corrupt,
     "config"},
    {"AdapterWithTokenizer", adapter,
     [](Index& i) { i.info.tokenizer = test::sample_tokenizer(TokenizerKind::byte_bpe); }, corrupt,
     "tokenizer"},
    {"AdapterWithoutBase", adapter, [](Index& i) { i.info.base.reset(); }, corrupt, "base"},
    {"AdapterWithNone", adapter, [](Index& i) { i.info.adapters.clear(); }, corrupt, "adapters"},
    {"AdapterWithTwo", adapter,
     [](Index& i) { i.info.adapters.push_back({.name = "x", .rank = 1, .scale = 1}); }, over_limit,
     "adapters"},
    {"PoolWithNone", pool, [](Index& i) { i.info.adapters.clear(); }, corrupt, "adapters"},
    {"PoolWithoutBase", pool, [](Index& i) { i.info.base.reset(); }, corrupt, "base"},
    {"PoolWithoutIndicators", pool, [](Index& i) { i.info.tensors[0].name = "x"; }, corrupt,
     "tensors"},
    {"PoolWithFewIndicators", pool,
     [](Index& i) {
       i.info.tensors[0].shape = {1, 8};
     },
     corrupt, "tensors"},
    {"PoolWithIndicatorsOfAnotherKind", pool,
     [](Index& i) {
       i.info.pool_embedding = {1, false};
     },
     corrupt, "tensors"},
    {"PoolWithScope", pool,
     [](Index& i) {
       i.info.scope = Scope{{}, {1.0f}};
     },
     corrupt, "scope"},
    {"ModelWithScope", model,
     [](Index& i) {
       i.info.scope = Scope{{}, {1.0f}};
     },
     corrupt, "scope"},
    {"EmptyScope", adapter, [](Index& i) { i.info.scope = Scope{}; }, corrupt, "scope"},
    {"ScopeNaN", adapter,
     [](Index& i) {
       i.info.scope = Scope{{}, {1.0f, NAN}};
     },
     corrupt, "scope"},
    {"ModelWithRouting", model, [](Index& i) { i.info.routing = good_routing(); }, corrupt,
     "routing"},
    {"RoutingShareAboveOne", adapter, routing([](auto& r) { r.share = 1.5f; }), corrupt,
     "routing.share"},
    {"RoutingShareNaN", pool, routing([](auto& r) { r.share = NAN; }), corrupt, "routing.share"},
    {"RoutingWithoutSignals", pool, routing([](auto& r) { r.signals.clear(); }), corrupt,
     "routing.signals"},
    {"RoutingNothingDecides", adapter, routing([](auto& r) { r.signals[1].decides = false; }),
     corrupt, "routing.signals"},
    {"RoutingSignalsTooMany", adapter,
     routing([](auto& r) { r.signals.resize(17, {.name = "x"}); }), over_limit, "routing.signals"},
    {"RoutingNameMissing", adapter, routing([](auto& r) { r.signals[1].name = ""; }), corrupt,
     "routing.signals[1].name"},
    {"RoutingNameTwice", adapter, routing([](auto& r) { r.signals[1].name = "probe"; }), corrupt,
     "routing.signals[0].name"},
    {"RoutingNameWithEscape", adapter, routing([](auto& r) { r.signals[0].name = "\033[2J"; }),
     corrupt, "routing.signals[0].name"},
    {"RoutingNameEndless", adapter, routing([](auto& r) { r.signals[0].name.assign(65, 'x'); }),
     over_limit, "routing.signals[0].name"},
    {"RoutingThresholdInfinite", adapter,
     routing([](auto& r) { r.signals[0].threshold = -INFINITY; }), corrupt,
     "routing.signals[0].threshold"},
    {"RoutingAurocNaN", adapter, routing([](auto& r) { r.signals[0].auroc = NAN; }), corrupt,
     "routing.signals[0].auroc"},
    {"RoutingProbeEmpty", adapter, routing([](auto& r) { r.probe->weights.clear(); }), corrupt,
     "routing.probe_weights"},
    {"RoutingProbeNaN", adapter, routing([](auto& r) { r.probe->weights[1] = NAN; }), corrupt,
     "routing.probe_weights"},
    {"RoutingProbeBiasInfinite", adapter, routing([](auto& r) { r.probe->bias = INFINITY; }),
     corrupt, "routing.probe_weights"},
    {"PoolTauZero", pool, [](Index& i) { i.info.pool_tau = 0; }, corrupt, "pool_tau"},
    {"PoolTauNaN", pool, [](Index& i) { i.info.pool_tau = NAN; }, corrupt, "pool_tau"},
    {"PoolTauInfinite", pool, [](Index& i) { i.info.pool_tau = INFINITY; }, corrupt, "pool_tau"},
    // adapters
    {"AdapterNameMissing", adapter, [](Index& i) { i.info.adapters[0].name = ""; }, corrupt,
     "adapters[0].name"},
    {"AdapterNameTwice", pool, [](Index& i) { i.info.adapters[1].name = "first"; }, corrupt,
     "adapters[1].name"},
    {"AdapterNameEndless", pool, [](Index& i) { i.info.adapters[1].name.assign(257, 'x'); },
     over_limit, "adapters[1].name"},
    {"AdapterRankZero", adapter, [](Index& i) { i.info.adapters[0].rank = 0; }, corrupt,
     "adapters[0].rank"},
    {"AdapterRankTooLarge", pool, [](Index& i) { i.info.adapters[1].rank = 1025; }, over_limit,
     "adapters[1].rank"},
    {"AdapterScaleNaN", adapter, [](Index& i) { i.info.adapters[0].scale = NAN; }, corrupt,
     "adapters[0].scale"},
    {"AdapterScaleInfinite", adapter, [](Index& i) { i.info.adapters[0].scale = -INFINITY; },
     corrupt, "adapters[0].scale"},
    {"ExpertsInAPool", pool, [](Index& i) { i.info.adapters[0].experts = {{{8}, 1, 1}}; }, corrupt,
     "adapters[0].expert_ranks"},
    {"ExpertRanksDoNotSumUp", adapter,
     [](Index& i) { i.info.adapters[0].experts = {{{4, 3}, 1, 1}}; }, corrupt,
     "adapters[0].expert_ranks"},
    {"ExpertRankZero", adapter, [](Index& i) { i.info.adapters[0].experts = {{{8, 0}, 1, 1}}; },
     corrupt, "adapters[0].expert_ranks"},
    {"RouterTopKZero", adapter, [](Index& i) { i.info.adapters[0].experts = {{{4, 4}, 0, 1}}; },
     corrupt, "adapters[0].router_top_k"},
    {"RouterTopKTooLarge", adapter, [](Index& i) { i.info.adapters[0].experts = {{{4, 4}, 3, 1}}; },
     over_limit, "adapters[0].router_top_k"},
    {"RouterTemperatureZero", adapter,
     [](Index& i) { i.info.adapters[0].experts = {{{4, 4}, 1, 0}}; }, corrupt,
     "adapters[0].router_temperature"},
    {"RouterTemperatureNaN", adapter,
     [](Index& i) { i.info.adapters[0].experts = {{{4, 4}, 1, NAN}}; }, corrupt,
     "adapters[0].router_temperature"},
};

class BadIndices : public ::testing::TestWithParam<BadIndex> {};

TEST_P(BadIndices, IsRefusedByName) {
  expect_refused(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Bundle, BadIndices, ::testing::ValuesIn(bad_indices),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace crayon::formats
