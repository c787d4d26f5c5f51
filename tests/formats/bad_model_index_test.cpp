// Indices with one wrong number in a model's configuration or tokenizer: every one is refused, and
// the sentence names the field.
#include <cmath>
#include <functional>
#include <string>

#include "tests/formats/bad_index.h"
#include "tests/formats/bundle_samples.h"

namespace crayon::formats {
namespace {

using test::BadIndex;
using test::expect_refused;

constexpr auto model = BundleKind::model;
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

const BadIndex bad_models[] = {
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
    {"CharsmapTrieTooLong", model, tokenizer([](auto& t) {
       t.charsmap = std::string(
           "\x04\0\0\0"
           "\0\0\0",
           7);
     }),
     corrupt, "tokenizer.charsmap.trie"},
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
    {"MergeWithoutResult", model, tokenizer([](auto& t) {
       t.merges[0] = {2, 1};
     }),
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
    {"EndOutOfRange", model, tokenizer([](auto& t) {
       t.end_of_generation = {0, 6};
     }),
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

class BadModelIndices : public ::testing::TestWithParam<BadIndex> {};

TEST_P(BadModelIndices, IsRefusedByName) {
  expect_refused(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Bundle, BadModelIndices, ::testing::ValuesIn(bad_models),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace crayon::formats
