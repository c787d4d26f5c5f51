// Hand-made indices of saved states, one wrong number each.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "formats/bundle_index.h"
#include "tests/formats/laid_index.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::data_end;
using test::lay;

/// Two layers of two KV heads of 2, of which the second one has a window: 5 positions, and 3.
Index good_index() {
  Index index;
  index.info.kind = BundleKind::state;
  index.info.base = Hash{1};
  StateInfo state;
  state.adapters = Hash{2};
  state.rule = {.name = "infinipot",
                .keep = 0.25f,
                .surprise_share = 1.0f,
                .sinks = 1,
                .observed = 2,
                .pooled = 3,
                .sampled = true,
                .catalyst = {4, 5}};
  state.kv = Dtype::i8;
  state.kv_heads = 2;
  state.context = 8;
  state.positions = 5;
  state.distilled = 4;
  state.pinned = 3;
  state.window_begin = 2;
  state.dropped = 1000;
  index.info.state = state;
  index.info.tensors = {{.name = "layers.0.keys", .dtype = Dtype::i8, .shape = {10, 2}},
                        {.name = "layers.0.values", .dtype = Dtype::i8, .shape = {10, 2}},
                        {.name = "layers.1.keys", .dtype = Dtype::i8, .shape = {6, 2}},
                        {.name = "layers.1.values", .dtype = Dtype::i8, .shape = {6, 2}},
                        {.name = "surprise", .dtype = Dtype::f32, .shape = {4, 5}},
                        {.name = "hidden", .dtype = Dtype::f32, .shape = {2, 7}},
                        {.name = "recent_queries", .dtype = Dtype::f32, .shape = {4, 8}},
                        {.name = "log_weights", .dtype = Dtype::f32, .shape = {4, 5}}};
  lay(index);
  return index;
}

struct BadState {
  const char* name;
  std::function<void(Index&)> spoil;
  Code code;
  const char* field;
};

void PrintTo(const BadState& bad, std::ostream* out) {
  *out << bad.name;
}

std::function<void(Index&)> state(const std::function<void(StateInfo&)>& spoil) {
  return [spoil](Index& index) { spoil(*index.info.state); };
}

std::function<void(Index&)> tensor(std::size_t i, const std::function<void(TensorEntry&)>& spoil) {
  return [i, spoil](Index& index) { spoil(index.info.tensors[i]); };
}

constexpr auto corrupt = Code::corrupt;
constexpr auto over_limit = Code::over_limit;

const BadState bad_states[] = {
    {"WithoutState", [](Index& i) { i.info.state.reset(); }, corrupt, "state"},
    {"WithoutBase", [](Index& i) { i.info.base.reset(); }, corrupt, "base"},
    {"WithAdapters", [](Index& i) { i.info.adapters = {{.name = "x", .rank = 1}}; }, corrupt,
     "adapters"},
    {"WithScope",
     [](Index& i) {
       i.info.scope = Scope{{}, {1.0f}};
     },
     corrupt, "scope"},
    {"WithRouting", [](Index& i) { i.info.routing = Routing{}; }, corrupt, "routing"},
    {"InAnAdapter", [](Index& i) { i.info.kind = BundleKind::adapter; }, corrupt, "adapters"},
    {"RuleMissing", state([](auto& s) { s.rule.name = ""; }), corrupt, "state.rule"},
    {"RuleEndless", state([](auto& s) { s.rule.name.assign(65, 'r'); }), over_limit, "state.rule"},
    {"RuleWithEscape", state([](auto& s) { s.rule.name = "\033[2J"; }), corrupt, "state.rule"},
    {"KeepZero", state([](auto& s) { s.rule.keep = 0; }), corrupt, "state.keep"},
    {"KeepAll", state([](auto& s) { s.rule.keep = 1; }), corrupt, "state.keep"},
    {"KeepNaN", state([](auto& s) { s.rule.keep = NAN; }), corrupt, "state.keep"},
    {"ShareNaN", state([](auto& s) { s.rule.surprise_share = NAN; }), corrupt,
     "state.surprise_share"},
    {"ShareAboveOne", state([](auto& s) { s.rule.surprise_share = 1.5f; }), corrupt,
     "state.surprise_share"},
    {"ObservedNone", state([](auto& s) { s.rule.observed = 0; }), corrupt, "state.observed"},
    {"PooledEven", state([](auto& s) { s.rule.pooled = 4; }), corrupt, "state.pooled"},
    {"CatalystEndless", state([](auto& s) { s.rule.catalyst.assign(4097, 1); }), over_limit,
     "state.catalyst"},
    {"CatalystNegative", state([](auto& s) { s.rule.catalyst[1] = -1; }), corrupt,
     "state.catalyst"},
    {"KvUnknown", state([](auto& s) { s.kv = Dtype{9}; }), Code::unsupported, "state.kv"},
    {"KvInNibbles", state([](auto& s) { s.kv = Dtype::i4; }), Code::unsupported, "state.kv"},
    {"KvOther", state([](auto& s) { s.kv = Dtype::f16; }), corrupt, "state.tensors"},
    {"NoKvHeads", state([](auto& s) { s.kv_heads = 0; }), corrupt, "state.kv_heads"},
    {"KvHeadsTooMany", state([](auto& s) { s.kv_heads = 1025; }), over_limit, "state.kv_heads"},
    {"KvHeadsOther", state([](auto& s) { s.kv_heads = 1; }), corrupt, "state.tensors"},
    {"NoContext", state([](auto& s) { s.context = 0; }), corrupt, "state.context"},
    {"ContextTooLong", state([](auto& s) { s.context = (1u << 24) + 1; }), over_limit,
     "state.context"},
    {"ContextTooShort", state([](auto& s) { s.context = 4; }), corrupt, "state.positions"},
    {"NoPositions", state([](auto& s) { s.positions = 0; }), corrupt, "state.positions"},
    {"PositionsOther", state([](auto& s) { s.positions = 6; }), corrupt, "state.tensors"},
    {"DistilledInFront", state([](auto& s) { s.distilled = 6; }), corrupt, "state.distilled"},
    {"PinnedTooMany", state([](auto& s) { s.pinned = 9; }), corrupt, "state.pinned"},
    {"WindowBeginsBehind", state([](auto& s) { s.window_begin = 5; }), corrupt,
     "state.window_begin"},
    {"WindowBeginsElsewhere", state([](auto& s) { s.window_begin = 1; }), corrupt, "state.tensors"},
    {"WindowOfNoLayer",
     [](Index& i) {
       i.info.tensors[2].shape.rows = i.info.tensors[3].shape.rows = 10;
       lay(i);
     },
     corrupt, "state.window_begin"},
    {"DroppedTooMany", state([](auto& s) { s.dropped = ~0ull; }), over_limit, "state.dropped"},
    {"DistilledWithoutRule", state([](auto& s) { s.rule.name = "none"; }), corrupt,
     "state.distilled"},
    {"DroppedWithoutRule", state([](auto& s) {
       s.rule.name = "none";
       s.distilled = 0;
     }),
     corrupt, "state.dropped"},
    {"NoLayers",
     [](Index& i) {
       i.info.tensors.erase(i.info.tensors.begin(), i.info.tensors.begin() + 4);
       lay(i);
     },
     corrupt, "state.tensors"},
    {"ValuesMissing",
     [](Index& i) {
       i.info.tensors.erase(i.info.tensors.begin() + 3);
       lay(i);
     },
     corrupt, "state.tensors"},
    {"KeysMissing",
     [](Index& i) {
       i.info.tensors.erase(i.info.tensors.begin() + 2);
       lay(i);
     },
     corrupt, "state.tensors"},
    {"LayerSkipped", tensor(2, [](auto& t) { t.name = "layers.2.keys"; }), corrupt,
     "state.tensors"},
    {"HeadDimOther",
     [](Index& i) {
       i.info.tensors[3].shape.cols = 4;
       lay(i);
     },
     corrupt, "state.tensors"},
    {"HeadDimTooLarge",
     [](Index& i) {
       for (std::size_t t = 0; t < 4; ++t) {
         i.info.tensors[t].shape.cols = 1025;
       }
       lay(i);
     },
     over_limit, "state.tensors"},
    {"SurpriseOther",
     [](Index& i) {
       i.info.tensors[4].shape = {5, 4};
       lay(i);
     },
     corrupt, "state.tensors"},
    {"SurpriseInHalf",
     [](Index& i) {
       i.info.tensors[4].dtype = Dtype::f16;
       lay(i);
     },
     corrupt, "state.tensors"},
    {"HiddenTooLong",
     [](Index& i) {
       i.info.tensors[5].shape.rows = 6;
       lay(i);
     },
     corrupt, "state.tensors"},
    {"HiddenTooWide",
     [](Index& i) {
       i.info.tensors[5].shape = {1, (1u << 16) + 1};
       lay(i);
     },
     over_limit, "state.tensors"},
    {"QueriesOfOneLayer",
     [](Index& i) {
       i.info.tensors[6].shape.rows = 3;
       lay(i);
     },
     corrupt, "state.tensors"},
    {"QueriesTooMany",
     [](Index& i) {
       i.info.tensors[6].shape.rows = 12;
       lay(i);
     },
     corrupt, "state.tensors"},
    {"QueriesOfHalfAHead",
     [](Index& i) {
       i.info.tensors[6].shape.cols = 6;
       lay(i);
     },
     corrupt, "state.tensors"},
    {"TensorUnknown", tensor(6, [](auto& t) { t.name = "x"; }), corrupt, "state.tensors"},
    {"TensorsInAnotherOrder",
     [](Index& i) {
       std::swap(i.info.tensors[4], i.info.tensors[5]);
       lay(i);
     },
     corrupt, "state.tensors"},
};

class BadStates : public ::testing::TestWithParam<BadState> {};

TEST_P(BadStates, AreRefusedByName) {
  const BadState& bad = GetParam();
  Index index = good_index();
  bad.spoil(index);
  std::string sentence;
  const Code code =
      code_of([&] { check_index(decode_index(encode_index(index)), data_end); }, &sentence);
  EXPECT_STREQ(code_name(code), code_name(bad.code)) << sentence;
  EXPECT_TRUE(sentence.starts_with(std::string("index.") + bad.field)) << sentence;
}

INSTANTIATE_TEST_SUITE_P(Bundle, BadStates, ::testing::ValuesIn(bad_states),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(StateIndex, AGoodOneComesBack) {
  const Index index = good_index();
  const Index decoded = decode_index(encode_index(index));
  EXPECT_NO_THROW(check_index(decoded, data_end));
  EXPECT_EQ(decoded.info.state, index.info.state);
  EXPECT_EQ(decoded.info.base, index.info.base);
  EXPECT_EQ(decoded.info.state->tokens_read(), 1005u);
}

/// What a rule does not need is not there.
TEST(StateIndex, TheLastTensorsMayBeAbsent) {
  Index index = good_index();
  for (int i = 0; i < 4; ++i) {
    index.info.tensors.pop_back();
    lay(index);
    EXPECT_NO_THROW(check_index(decode_index(encode_index(index)), data_end));
  }
}

TEST(StateIndex, BelongsToItsKindAlone) {
  Index index = good_index();
  index.info.kind = BundleKind::adapter;
  index.info.adapters = {{.name = "x", .rank = 1}};
  std::string sentence;
  EXPECT_EQ(code_of([&] { check_index(index, data_end); }, &sentence), Code::corrupt);
  EXPECT_TRUE(sentence.starts_with("index.state: ")) << sentence;
}

}  // namespace
}  // namespace crayon::formats
