// Hand-made indices, one wrong number each: every one is refused, and the sentence names the field.

#include "formats/bundle_index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "formats/bundle_layout.h"
#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;

struct BadIndex {  // NOLINT(clang-analyzer-optin.performance.Padding): the order of reading
  const char* name;
  BundleKind kind;
  std::function<void(Index&)> spoil;
  Code code;
  const char* field;
};

void PrintTo(const BadIndex& bad, std::ostream* out) {
  *out << bad.name;
}

// Three frames of 40, 1 MiB and 60 bytes that hold five tensors; none of it exists as bytes.
constexpr std::uint64_t data_end = header_size + 30 + 900000 + 50;

Routing good_routing() {
  return {.share = 0.2f,
          .examples = 40,
          .signals = {{.name = "probe", .threshold = 0.25, .auroc = 0.85f, .decides = false},
                      {.name = "least_log_probability", .threshold = -1.5, .decides = true}},
          .probe = LinearProbe{{2, true}, {0.5f, -1.0f}, 0.125f}};
}

Index good_index(BundleKind kind) {
  Index index;
  index.info.kind = kind;
  index.info.provenance = {.source = "s", .source_hash = "", .tool = "t", .licence = ""};
  index.frames = {{.offset = header_size, .stored_size = 30, .decoded_size = 40},
                  {.offset = header_size + 30, .stored_size = 900000, .decoded_size = 1 << 20},
                  {.offset = header_size + 900030, .stored_size = 50, .decoded_size = 60}};
  index.info.tensors = {
      {.name = "indicators", .dtype = Dtype::f32, .shape = {.rows = 2, .cols = 4}},
      {.name = "b", .dtype = Dtype::i8, .shape = {.rows = 1, .cols = 4}, .offset = 32},
      {.name = "c", .dtype = Dtype::f16, .shape = {.rows = 1, .cols = 1 << 19}, .first_frame = 1},
      {.name = "d", .dtype = Dtype::f32, .shape = {.rows = 1, .cols = 5}, .first_frame = 2},
      {.name = "e",
       .dtype = Dtype::f32,
       .shape = {.rows = 5, .cols = 2},
       .first_frame = 2,
       .offset = 20}};
  if (kind == BundleKind::model) {
    index.info.config = test::sample_config();
    index.info.tokenizer = test::sample_tokenizer(TokenizerKind::byte_bpe);
    return index;
  }
  index.info.base = Hash{1};
  index.info.adapters = {{.name = "first", .rank = 8, .scale = 2.0f}};
  if (kind == BundleKind::pool) {
    index.info.adapters.push_back({.name = "second", .rank = 1024, .scale = -1.0f});
    index.info.pool_tau = 0.5f;
  }
  return index;
}

constexpr auto model = BundleKind::model;
constexpr auto adapter = BundleKind::adapter;
constexpr auto pool = BundleKind::pool;
constexpr auto corrupt = Code::corrupt;
constexpr auto over_limit = Code::over_limit;
constexpr auto unsupported = Code::unsupported;

// Spoils the configuration or the tokenizer of a model.
std::function<void(Index&)> config(const std::function<void(ModelConfig&)>& spoil) {
  return [spoil](Index& index) { spoil(*index.info.config); };
}
std::function<void(Index&)> tokenizer(const std::function<void(TokenizerData&)>& spoil) {
  return [spoil](Index& index) { spoil(*index.info.tokenizer); };
}

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
    {"ShapeWraps", model, [](Index& i) { i.info.tensors[0].shape = {1ull << 33, 1ull << 33}; },
     corrupt, "tensors[0].shape"},
    {"BytesWrap", model, [](Index& i) { i.info.tensors[0].shape = {1ull << 31, 1ull << 31}; },
     corrupt, "tensors[0].shape"},
    {"ScalesWrap", model, [](Index& i) { i.info.tensors[1].shape = {1ull << 63, 1}; }, corrupt,
     "tensors[1].shape"},
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
    {"PoolWithFewIndicators", pool, [](Index& i) { i.info.tensors[0].shape = {1, 8}; }, corrupt,
     "tensors"},
    {"PoolWithIndicatorsOfAnotherKind", pool,
     [](Index& i) { i.info.pool_embedding = {1, false}; }, corrupt, "tensors"},
    {"PoolWithScope", pool, [](Index& i) { i.info.scope = Scope{{}, {1.0f}}; }, corrupt, "scope"},
    {"ModelWithScope", model, [](Index& i) { i.info.scope = Scope{{}, {1.0f}}; }, corrupt, "scope"},
    {"EmptyScope", adapter, [](Index& i) { i.info.scope = Scope{}; }, corrupt, "scope"},
    {"ScopeNaN", adapter, [](Index& i) { i.info.scope = Scope{{}, {1.0f, NAN}}; }, corrupt,
     "scope"},
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
    // config
    {"ArchitectureMissing", model, config([](auto& c) { c.architecture = ""; }), corrupt,
     "config.architecture"},
    {"ArchitectureEndless", model, config([](auto& c) { c.architecture.assign(65, 'a'); }), corrupt,
     "config.architecture"},
    {"ArchitectureWithNewline", model, config([](auto& c) { c.architecture = "a\n"; }), corrupt,
     "config.architecture"},
    {"NoVocabulary", model, config([](auto& c) { c.vocab_size = 0; }), corrupt,
     "config.vocab_size"},
    {"VocabularyTooLarge", model, config([](auto& c) { c.vocab_size = (1u << 20) + 1; }), corrupt,
     "config.vocab_size"},
    {"NoDim", model, config([](auto& c) { c.dim = 0; }), corrupt, "config.dim"},
    {"DimTooLarge", model, config([](auto& c) { c.dim = ~0u; }), corrupt, "config.dim"},
    {"NoLayers", model, config([](auto& c) { c.layers = 0; }), corrupt, "config.layers"},
    {"LayersTooMany", model, config([](auto& c) { c.layers = 1025; }), corrupt, "config.layers"},
    {"NoHeads", model, config([](auto& c) { c.heads = 0; }), corrupt, "config.heads"},
    {"HeadsTooMany", model, config([](auto& c) { c.heads = 1u << 31; }), corrupt, "config.heads"},
    {"NoKvHeads", model, config([](auto& c) { c.kv_heads = 0; }), corrupt, "config.kv_heads"},
    {"KvHeadsDoNotDivide", model, config([](auto& c) { c.kv_heads = 3; }), corrupt,
     "config.kv_heads"},
    {"KvHeadsMoreThanHeads", model, config([](auto& c) { c.kv_heads = 8; }), corrupt,
     "config.kv_heads"},
    {"NoHeadDim", model, config([](auto& c) { c.head_dim = 0; }), corrupt, "config.head_dim"},
    {"HeadDimOdd", model, config([](auto& c) { c.head_dim = 3; }), corrupt, "config.head_dim"},
    {"HeadDimTooLarge", model, config([](auto& c) { c.head_dim = 1026; }), corrupt,
     "config.head_dim"},
    {"NoHiddenDim", model, config([](auto& c) { c.hidden_dim = 0; }), corrupt, "config.hidden_dim"},
    {"HiddenDimTooLarge", model, config([](auto& c) { c.hidden_dim = 1u << 30; }), corrupt,
     "config.hidden_dim"},
    {"NoContext", model, config([](auto& c) { c.max_context = 0; }), corrupt, "config.max_context"},
    {"ContextTooLong", model, config([](auto& c) { c.max_context = ~0u; }), corrupt,
     "config.max_context"},
    {"NormEpsNaN", model, config([](auto& c) { c.norm_eps = NAN; }), corrupt, "config.norm_eps"},
    {"NormEpsZero", model, config([](auto& c) { c.norm_eps = 0; }), corrupt, "config.norm_eps"},
    {"RopeThetaNegative", model, config([](auto& c) { c.rope_theta = -1; }), corrupt,
     "config.rope_theta"},
    {"RopeThetaInfinite", model, config([](auto& c) { c.rope_theta = INFINITY; }), corrupt,
     "config.rope_theta"},
    {"RopeScalingUnknown", model, config([](auto& c) { c.rope_scaling = RopeScaling{9}; }),
     unsupported, "config.rope_scaling"},
    {"RopeFactorZero", model, config([](auto& c) { c.rope_factor = 0; }), corrupt,
     "config.rope_factor"},
    {"RopeLowFactorNaN", model, config([](auto& c) { c.rope_low_freq_factor = NAN; }), corrupt,
     "config.rope_low_freq_factor"},
    {"RopeHighFactorInfinite", model, config([](auto& c) { c.rope_high_freq_factor = INFINITY; }),
     corrupt, "config.rope_high_freq_factor"},
    {"RopeFactorsCrossed", model, config([](auto& c) { c.rope_high_freq_factor = 1.0f; }), corrupt,
     "config.rope_high_freq_factor"},
    {"RopeOriginalContextZero", model, config([](auto& c) { c.rope_original_context = 0; }),
     corrupt, "config.rope_original_context"},
    {"LinearRopeFactorNegative", model, config([](auto& c) {
       c.rope_scaling = RopeScaling::linear;
       c.rope_factor = -2;
     }),
     corrupt, "config.rope_factor"},
    // tokenizer
    {"TokenizerKindUnknown", model, tokenizer([](auto& t) { t.kind = TokenizerKind{7}; }),
     unsupported, "tokenizer.kind"},
    {"NoPieces", model, tokenizer([](auto& t) {
       t.pieces.clear();
       t.types.clear();
     }),
     Code::bad_tokenizer, "tokenizer.pieces"},
    {"PieceEndless", model, tokenizer([](auto& t) { t.pieces[5].assign(4097, 'x'); }),
     Code::bad_tokenizer, "tokenizer.pieces[5]"},
    {"MorePiecesThanVocabulary", model, tokenizer([](auto& t) {
       t.pieces.emplace_back("x");
       t.types.push_back(TokenType::normal);
     }),
     corrupt, "tokenizer.pieces"},
    {"TypesTooFew", model, tokenizer([](auto& t) { t.types.pop_back(); }), Code::bad_tokenizer,
     "tokenizer.types"},
    {"TypeUnknown", model, tokenizer([](auto& t) { t.types[2] = TokenType{6}; }), unsupported,
     "tokenizer.types"},
    {"ScoresForByteBpe", model, tokenizer([](auto& t) { t.scores.assign(6, 0.0f); }),
     Code::bad_tokenizer, "tokenizer.scores"},
    {"ScoresMissing", model,
     [](Index& i) {
       i.info.tokenizer = test::sample_tokenizer(TokenizerKind::sentencepiece_bpe);
       i.info.tokenizer->scores.pop_back();
     },
     Code::bad_tokenizer, "tokenizer.scores"},
    {"ScoreNaN", model,
     [](Index& i) {
       i.info.tokenizer = test::sample_tokenizer(TokenizerKind::sentencepiece_bpe);
       i.info.tokenizer->scores[4] = NAN;
     },
     Code::bad_tokenizer, "tokenizer.scores[4]"},
    {"MergesForSentencepiece", model,
     [](Index& i) {
       i.info.tokenizer = test::sample_tokenizer(TokenizerKind::sentencepiece_bpe);
       i.info.tokenizer->merges = {{1, 2}};
     },
     Code::bad_tokenizer, "tokenizer.merges"},
    {"PrefixScopeUnknown", model,
     tokenizer([](auto& t) { t.prefix_scope = formats::PrefixScope{3}; }), unsupported,
     "tokenizer.prefix_scope"},
    {"CharsmapTooShort", model, tokenizer([](auto& t) { t.charsmap = "abc"; }), corrupt,
     "tokenizer.charsmap.size"},
    {"CharsmapTrieTooLong", model,
     tokenizer([](auto& t) { t.charsmap = std::string("\x04\0\0\0" "\0\0\0", 7); }), corrupt,
     "tokenizer.charsmap.trie"},
    {"CharsmapTextWithoutEnd", model,
     tokenizer([](auto& t) { t.charsmap = test::sample_charsmap() + "x"; }), corrupt,
     "tokenizer.charsmap.texts"},
    {"CharsmapTextEndless", model, tokenizer([](auto& t) {
       t.charsmap = test::sample_charsmap() + std::string(257, 'x') + std::string(1, '\0');
     }),
     corrupt, "tokenizer.charsmap.texts"},
    {"CharsmapEndless", model,
     tokenizer([](auto& t) { t.charsmap.assign(formats::max_charsmap_bytes + 1, '\0'); }),
     over_limit, "tokenizer.charsmap"},
    {"AddedOutOfRange", model, tokenizer([](auto& t) { t.added[0].token = 6; }),
     Code::bad_tokenizer, "tokenizer.added[0].token"},
    {"AddedTwice", model, tokenizer([](auto& t) { t.added.push_back(t.added[0]); }),
     Code::bad_tokenizer, "tokenizer.added[1].token"},
    {"AddedNormal", model, tokenizer([](auto& t) { t.added[0].token = 1; }), Code::bad_tokenizer,
     "tokenizer.added[0].token"},
    {"MergeLeftOutOfRange", model, tokenizer([](auto& t) { t.merges[0].left = -1; }),
     Code::bad_tokenizer, "tokenizer.merges[0].left"},
    {"MergeRightOutOfRange", model, tokenizer([](auto& t) { t.merges[0].right = 6; }),
     Code::bad_tokenizer, "tokenizer.merges[0].right"},
    {"MergeWithoutResult", model, tokenizer([](auto& t) { t.merges[0] = {2, 1}; }),
     Code::bad_tokenizer, "tokenizer.merges[0].result"},
    {"PatternEmpty", model, tokenizer([](auto& t) { t.pre_tokenizers[1] = ""; }),
     Code::bad_tokenizer, "tokenizer.pre_tokenizers[1]"},
    {"PatternEndless", model, tokenizer([](auto& t) { t.pre_tokenizers[1].assign(65537, 'x'); }),
     over_limit, "tokenizer.pre_tokenizers"},
    {"PatternsTooMany", model, tokenizer([](auto& t) { t.pre_tokenizers.assign(65, "x"); }),
     over_limit, "tokenizer.pre_tokenizers"},
    {"BosOutOfRange", model, tokenizer([](auto& t) { t.bos = 6; }), Code::bad_tokenizer,
     "tokenizer.bos"},
    {"EosNegative", model, tokenizer([](auto& t) { t.eos = -2; }), Code::bad_tokenizer,
     "tokenizer.eos"},
    {"UnknownOutOfRange", model, tokenizer([](auto& t) { t.unknown = 1 << 30; }),
     Code::bad_tokenizer, "tokenizer.unknown"},
    {"EndOutOfRange", model, tokenizer([](auto& t) { t.end_of_generation = {0, 6}; }),
     Code::bad_tokenizer, "tokenizer.end_of_generation"},
    {"EndsTooMany", model, tokenizer([](auto& t) { t.end_of_generation.assign(7, 0); }),
     Code::bad_tokenizer, "tokenizer.end_of_generation"},
    {"ChatFormatMissing", model, tokenizer([](auto& t) { t.chat_format.name = ""; }),
     Code::bad_tokenizer, "tokenizer.chat_format"},
    {"ChatFormatEndless", model, tokenizer([](auto& t) { t.chat_format.name.assign(65, 'c'); }),
     over_limit, "tokenizer.chat_format"},
    {"ChatPrefixEndless", model,
     tokenizer([](auto& t) { t.chat_format.user.prefix.assign(max_chat_text_bytes + 1, 'c'); }),
     over_limit, "chat_format.user.prefix"},
    {"ChatStops", model, tokenizer([](auto& t) { t.chat_format.stops.assign(17, "x"); }),
     over_limit, "chat_format.stops"},
    {"ChatStopEmpty", model, tokenizer([](auto& t) { t.chat_format.stops = {""}; }),
     Code::bad_tokenizer, "tokenizer.chat_format.stops"},
    {"ChatFormatWithTab", model, tokenizer([](auto& t) { t.chat_format.name = "\t"; }), corrupt,
     "tokenizer.chat_format"},
};

class BadIndices : public ::testing::TestWithParam<BadIndex> {};

TEST_P(BadIndices, IsRefusedByName) {
  const BadIndex& bad = GetParam();
  Index index = good_index(bad.kind);
  bad.spoil(index);
  std::string sentence;
  const Code code =
      code_of([&] { check_index(decode_index(encode_index(index)), data_end); }, &sentence);
  EXPECT_STREQ(code_name(code), code_name(bad.code)) << sentence;
  EXPECT_TRUE(sentence.starts_with(std::string("index.") + bad.field)) << sentence;
}

INSTANTIATE_TEST_SUITE_P(Bundle, BadIndices, ::testing::ValuesIn(bad_indices),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(BundleIndex, GoodOnesComeBack) {
  for (const BundleKind kind : {model, adapter, pool}) {
    const Index index = good_index(kind);
    const Index decoded = decode_index(encode_index(index));
    EXPECT_NO_THROW(check_index(decoded, data_end));
    EXPECT_EQ(decoded.info.kind, kind);
    EXPECT_EQ(decoded.info.provenance, index.info.provenance);
    EXPECT_EQ(decoded.info.config, index.info.config);
    EXPECT_EQ(decoded.info.tokenizer, index.info.tokenizer);
    EXPECT_EQ(decoded.info.base, index.info.base);
    ASSERT_EQ(decoded.info.adapters.size(), index.info.adapters.size());
    for (std::size_t i = 0; i < index.info.adapters.size(); ++i) {
      EXPECT_EQ(decoded.info.adapters[i].name, index.info.adapters[i].name);
      EXPECT_EQ(decoded.info.adapters[i].rank, index.info.adapters[i].rank);
      EXPECT_EQ(decoded.info.adapters[i].scale, index.info.adapters[i].scale);
    }
    ASSERT_EQ(decoded.frames.size(), 3u);
    EXPECT_EQ(decoded.frames[2].offset, index.frames[2].offset);
    ASSERT_EQ(decoded.info.tensors.size(), 5u);
    EXPECT_EQ(decoded.info.tensors[4].name, "e");
    EXPECT_EQ(decoded.info.tensors[4].offset, 20u);
  }
}

// A file of a few kilobytes must not make a reader set aside gigabytes.
TEST(BundleIndex, FramesDecodeToABoundedMultipleOfTheFile) {
  Index index = good_index(model);
  index.frames.clear();
  index.info.tensors.clear();
  std::uint64_t offset = header_size;
  for (int i = 0; i < 100; ++i) {
    index.frames.push_back({.offset = offset, .stored_size = 60, .decoded_size = 1 << 20});
    offset += 60;
  }
  index.info.tensors = {{.name = "bomb", .dtype = Dtype::f32, .shape = {100, 1 << 18}}};
  std::string sentence;
  EXPECT_EQ(code_of([&] { check_index(index, offset); }, &sentence), Code::over_limit);
  EXPECT_TRUE(sentence.starts_with("index.frames: ")) << sentence;
}

TEST(BundleIndex, TooLargeIsRefusedBeforeItIsBuilt) {
  Index index = good_index(model);
  TokenizerData& large = *index.info.tokenizer;
  large.pieces.assign(1u << 20, std::string(100, 'x'));
  large.types.assign(1u << 20, TokenType::normal);
  EXPECT_EQ(code_of([&] { (void)encode_index(index); }), Code::over_limit);
}

// Gemma's vocabulary is the largest in use: 256,000 pieces and 515,000 merges.
TEST(BundleIndex, TheLargestVocabularyInUseFits) {
  Index index = good_index(model);
  TokenizerData& large = *index.info.tokenizer;
  index.info.config->vocab_size = 256000;
  large.pieces.clear();
  for (int i = 0; i < 256000; ++i) {
    large.pieces.push_back("piece" + std::to_string(i));
  }
  large.types.assign(large.pieces.size(), TokenType::normal);
  large.merges.assign(515000, {0, 0});
  EXPECT_LT(encode_index(index).size(), max_index_size / 2 + max_index_size / 8);
}

}  // namespace
}  // namespace crayon::formats
