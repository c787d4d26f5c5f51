#include "runtime/emphasis/token_weights.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/charsmap_bytes.h"
#include "tests/support/support.h"

namespace crayon::emphasis {
namespace {

using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;
using namespace tokenizer::test;
using tokenizer::Tokenizer;

/// The pieces joined by '|', each with '*' and its weight where that is not 1.
std::string weighted(const TokenizerData& data, std::string_view source,
                     const tokenizer::EncodeOptions& options = {.add_bos = false}) {
  const Tokenizer tokenizer(data);
  const EmphasisedText emphasised = parse(source);
  const TokenWeights result = token_weights(tokenizer, emphasised, options);
  EXPECT_EQ(result.tokens, tokenizer.encode(emphasised.text, options)) << source;
  std::string joined;
  for (std::size_t i = 0; i < result.tokens.size(); ++i) {
    joined += (i == 0 ? "" : "|") + data.pieces.at(static_cast<std::size_t>(result.tokens[i]));
    joined += result.weights.at(i) == 1 ? "" : fmt::format("*{}", result.weights[i]);
  }
  EXPECT_EQ(result.weights.size(), result.tokens.size());
  return joined;
}

/// GPT-2's way: a space goes with the word behind it.
TokenizerData gpt2() {
  TokenizerData data = byte_bpe({{"r", "e"}, {"re", "d"}, {" ", "red"}, {" ", "c"}, {"a", "r"}});
  data.pre_tokenizers = {
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"};
  return data;
}

TEST(TokenWeights, AllPiecesOfAWordShareItsWeight) {
  EXPECT_EQ(weighted(gpt2(), "a red car"), "a| red| c|ar");
  EXPECT_EQ(weighted(gpt2(), "a (red:2) car"), "a| red*2| c|ar");
  EXPECT_EQ(weighted(gpt2(), "a red (car:2)"), "a| red| c*2|ar*2");
  EXPECT_EQ(weighted(gpt2(), "(a:2) red car"), "a*2| red| c|ar");
  EXPECT_EQ(weighted(gpt2(), "(a red car:0)"), "a*0| red*0| c*0|ar*0");
}

TEST(TokenWeights, APartOfAWordStandsForTheWord) {
  EXPECT_EQ(weighted(gpt2(), "a red c(a:2)r"), "a| red| c*2|ar*2");
  EXPECT_EQ(weighted(gpt2(), "a r(ed c:2)ar"), "a| red*2| c*2|ar*2");
}

TEST(TokenWeights, TheStrongestOfAWordsWeightsCounts) {
  EXPECT_EQ(weighted(gpt2(), "(c:2)(a:3)(r:0.5)"), "c*3|ar*3");
  EXPECT_EQ(weighted(gpt2(), "(c:2)(a:0.4)r"), "c*0.4|ar*0.4");
  EXPECT_EQ(weighted(gpt2(), "(c:2)(a:0)(r:1000)"), "c*0|ar*0");
  EXPECT_EQ(weighted(gpt2(), "(c:2)(a:0.5)r"), "c*2|ar*2") << "of equals the first";
}

TEST(TokenWeights, PunctuationAndWhiteSpaceBesideAWordAreNotOfIt) {
  EXPECT_EQ(weighted(gpt2(), "(red:2), (car:3)!"), "red*2|,| c*3|ar*3|!");
  EXPECT_EQ(weighted(gpt2(), "a(, :2)red"), "a|,*2| red");
  EXPECT_EQ(weighted(gpt2(), "a(  :2)red"), "a| | red");
  EXPECT_EQ(weighted(gpt2(), "a\n(red:2)\n"), "a|\n|red*2|\n");
  EXPECT_EQ(weighted(gpt2(), "a  (red:2)"), "a| | red*2");
}

TEST(TokenWeights, CharactersOfSeveralBytes) {
  EXPECT_EQ(weighted(byte_bpe({{"\xc3", "\xa9"}}), "a (é:2)e"), "a| *2|\xc3\xa9*2|e*2");
  EXPECT_EQ(weighted(byte_bpe({}), "(红:2)色"), "\xe7*2|\xba*2|\xa2*2|\xe8|\x89|\xb2");
}

TEST(TokenWeights, ATokenOfSeveralWordsTakesTheStrongest) {
  const TokenizerData data = byte_bpe({{"a", " "}, {"a ", "b"}, {"!", "?"}});
  EXPECT_EQ(weighted(data, "(a:2) b!?"), "a b*2|!?");
  EXPECT_EQ(weighted(data, "(a:2) (b:5)(!:0.5)?"), "a b*5|!?*0.5");
}

TEST(TokenWeights, SentencePieceWithItsMarkInFront) {
  TokenizerData data = sentencepiece({"▁red", "▁re", "re", "▁r", "▁", "r", "e", "d", "c", "a"});
  data.add_space_prefix = true;
  data.add_bos = data.add_eos = true;
  for (const TokenizerKind kind : {TokenizerKind::sentencepiece_bpe, TokenizerKind::unigram}) {
    data.kind = kind;
    EXPECT_EQ(weighted(data, "(red:2) red"), "▁red*2|▁red");
    EXPECT_EQ(weighted(data, "red (red:2)"), "▁red|▁red*2");
    EXPECT_EQ(weighted(data, "red (ca:2) a"), "▁red|▁*2|c*2|a*2|▁|a");
    EXPECT_EQ(weighted(data, "(ca:2)"), "▁*2|c*2|a*2");
    EXPECT_EQ(weighted(data, "(red:2)", {.add_bos = true, .add_eos = true}), "<s>|▁red*2|</s>");
    EXPECT_EQ(weighted(data, "red (xyz:2) xa (x:3)"), "▁red|▁*2|<unk>*2|▁|<unk>|a|▁*3|<unk>*3");
    data.remove_extra_whitespace = true;
    EXPECT_EQ(weighted(data, "   (red:2)   red  (ca:0)  "), "▁red*2|▁red|▁*0|c*0|a*0");
    data.remove_extra_whitespace = false;
  }
}

TEST(TokenWeights, BytesOfACharacterThatTheVocabularyLacks) {
  TokenizerData data = sentencepiece({"▁", "a"});
  add_byte_tokens(data);
  EXPECT_EQ(weighted(data, "a (é:2) a"), "a|▁*2|<0xC3>*2|<0xA9>*2|▁|a");
  data.kind = TokenizerKind::unigram;
  EXPECT_EQ(weighted(data, "aa(红:2)"), "a|a|<0xE7>*2|<0xBA>*2|<0xA2>*2");
}

TEST(TokenWeights, TextThatIsRewritten) {
  TokenizerData data = sentencepiece({"▁", "fi", "f", "i", "n", "e", "é"});
  data.charsmap = crayon::test::charsmap_bytes(
      {{"ﬁ", "fi"}, {"Ｎ", "n"}, {"\t", " "}, {"\u00ad", ""}, {"e\u0301", "é"}});
  EXPECT_EQ(weighted(data, "n (ﬁn:2)\tｅ (Ｎe\u0301:3)"), "n|▁*2|fi*2|n*2|▁|<unk>|▁*3|n*3|é*3");
  EXPECT_EQ(weighted(data, "\u00ad(n:2)\u00ad e"), "n*2|▁|e");
  TokenizerData composed = byte_bpe({{"\xc3", "\xa9"}});
  composed.normalize_nfc = true;
  EXPECT_EQ(weighted(composed, "ne\u0301 (e\u0301:2)\xff"), "n|\xc3\xa9| *2|\xc3\xa9*2|\xff");
}

TEST(TokenWeights, ClipDropsWhiteSpaceAndCase) {
  TokenizerData data = clip_bpe({{"r", "e"}, {"re", "d</w>"}, {"c", "a"}});
  EXPECT_EQ(weighted(data, "  a (RED:1.5)\n\n car ", {.add_eos = true}),
            "<|startoftext|>|a</w>|red</w>*1.5|ca|r</w>|<|endoftext|>");
  EXPECT_EQ(
      weighted(data, "(a red:2) (İca:3)!", {.add_eos = true}),
      "<|startoftext|>|a</w>*2|red</w>*2|i</w>*3|\xcc*3|\x87*3|c*3|a</w>*3|!</w>|<|endoftext|>");
  EXPECT_EQ(weighted(data, "(\\(red\\):2)"), "(</w>*2|red</w>*2|)</w>*2");
}

TEST(TokenWeights, AConversationAsItIsLaidOut) {
  TokenizerData data = gpt2();
  data.bos = add_piece(data, "<s>", TokenType::control);
  add_piece(data, "<user>", TokenType::control);
  add_piece(data, "<end>", TokenType::control);
  data.add_bos = true;
  const Tokenizer tokenizer(data);
  const std::string text = "<user>a <end>red<end> red";
  const tokenizer::TextRange content{6, 16};  // "a <end>red"
  const std::vector<Span> spans = {{8, 16, 2}};
  const tokenizer::EncodeOptions options{.parse_special = true, .literal = {&content, 1}};
  const TokenWeights result = token_weights(tokenizer, text, spans, options);
  EXPECT_EQ(result.tokens, tokenizer.encode(text, options));
  EXPECT_EQ(pieces_of(data, result.tokens), "<s>|<user>|a| |<|e|n|d|>|red|<end>| red");
  EXPECT_EQ(result.weights, (std::vector<float>{1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 1, 1}));
}

TEST(TokenWeights, ControlTokensKeepTheirs) {
  TokenizerData data = gpt2();
  add_piece(data, "<end>", TokenType::control);
  add_piece(data, "<note>", TokenType::user_defined);
  EXPECT_EQ(weighted(data, "(red<end>a<note>:2)", {.add_bos = false, .parse_special = true}),
            "red*2|<end>|a*2|<note>*2");
}

TEST(TokenWeights, NothingSaidIsOneEverywhere) {
  const Tokenizer tokenizer(gpt2());
  const TokenWeights result = token_weights(tokenizer, "a red car", {});
  EXPECT_EQ(result.weights, std::vector<float>(4, 1.0f));
  EXPECT_TRUE(token_weights(tokenizer, "", {}).tokens.empty());
}

TEST(TokenWeights, SpansBeyondTheTextAreRefused) {
  const Tokenizer tokenizer(gpt2());
  const std::vector<Span> spans = {{0, 10, 2}};
  EXPECT_EQ(crayon::test::code_of([&] { token_weights(tokenizer, "a red car", spans); }),
            Code::bad_argument);
}

TEST(TokenWeights, AnyTextOfAnyVocabulary) {
  Random random(4);
  for (int vocabulary = 0; vocabulary < 60; ++vocabulary) {
    const Tokenizer tokenizer(random_tokenizer(random));
    for (int i = 0; i < 50; ++i) {
      const std::string text = random_bytes(random, 40) + "a";
      const std::size_t begin = random.below(text.size());
      const std::vector<Span> spans = {{begin, begin + 1 + random.below(text.size() - begin), 7}};
      const tokenizer::EncodeOptions options{.add_eos = true, .parse_special = i % 2 == 0};
      const TokenWeights result = token_weights(tokenizer, text, spans, options);
      ASSERT_EQ(result.tokens, tokenizer.encode(text, options));
      ASSERT_EQ(result.weights.size(), result.tokens.size());
      for (const float weight : result.weights) {
        ASSERT_TRUE(weight == 1 || weight == 7);
      }
    }
  }
}

}  // namespace
}  // namespace crayon::emphasis
