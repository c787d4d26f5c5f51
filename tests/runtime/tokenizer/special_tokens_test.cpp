#include <gtest/gtest.h>

#include "tests/runtime/tokenizer/vocabularies.h"

namespace crayon::tokenizer::test {
namespace {

using Tokens = std::vector<Token>;

std::string cut_special(const TokenizerData& data, std::string_view text) {
  return pieces_of(data, Tokenizer(data).encode(text, {.add_bos = false, .parse_special = true}));
}

TokenizerData with_specials(const std::vector<std::string>& user_defined,
                            const std::vector<std::string>& control) {
  TokenizerData data = byte_bpe({{"<", "x"}});
  for (const std::string& piece : user_defined) {
    add_piece(data, piece, TokenType::user_defined);
  }
  for (const std::string& piece : control) {
    add_piece(data, piece, TokenType::control);
  }
  return data;
}

TEST(SpecialTokens, UserDefinedAreAlwaysFoundAndControlWhenAsked) {
  const TokenizerData data = with_specials({"<user>"}, {"<s>"});
  EXPECT_EQ(cut(data, "a<user><s>b"), "a|<user>|<|s|>|b");
  EXPECT_EQ(cut_special(data, "a<user><s>b"), "a|<user>|<s>|b");
  EXPECT_EQ(cut_special(data, "<s>"), "<s>");
  EXPECT_EQ(cut_special(data, "<s"), "<|s");
  EXPECT_EQ(cut_special(data, "<s><s>"), "<s>|<s>");
}

TEST(SpecialTokens, TheLongestAtTheLeftmostPlaceWins) {
  EXPECT_EQ(cut(with_specials({"ab", "abcd", "abc", "bcdefgh"}, {}), "abcdefgh"), "abcd|e|f|g|h");
  EXPECT_EQ(cut(with_specials({"ab", "abcdx"}, {}), "abcde"), "ab|c|d|e");
  EXPECT_EQ(cut(with_specials({"b", "bb", "bbb"}, {}), "abbbbbc"), "a|bbb|bb|c");
}

TEST(SpecialTokens, AControlTokenThatIsNotAskedForHidesNoShorterOne) {
  const TokenizerData data = with_specials({"ab"}, {"abc"});
  EXPECT_EQ(cut(data, "abcd"), "ab|c|d");
  EXPECT_EQ(cut_special(data, "abcd"), "abc|d");
}

TEST(SpecialTokens, ControlTokensAreNotSoughtInLiteralText) {
  const TokenizerData data = with_specials({"<u>"}, {"<s>"});
  const Tokenizer tokenizer(data);
  const auto cut_around = [&](std::vector<TextRange> literal) {
    return pieces_of(
        data, tokenizer.encode("<s>a<u><s>",
                               {.add_bos = false, .parse_special = true, .literal = literal}));
  };
  EXPECT_EQ(cut_around({}), "<s>|a|<u>|<s>");
  EXPECT_EQ(cut_around({{3, 4}}), "<s>|a|<u>|<s>");
  EXPECT_EQ(cut_around({{0, 7}}), "<|s|>|a|<u>|<s>");
  EXPECT_EQ(cut_around({{2, 3}, {7, 8}}), "<|s|>|a|<u>|<|s|>");  // a part is enough
  EXPECT_EQ(cut_around({{0, 0}, {3, 7}, {10, 10}}), "<s>|a|<u>|<s>");
}

TEST(SpecialTokens, OfTwoWithOneSpellingTheOneThatIsAlwaysMatchedCounts) {
  TokenizerData data = with_specials({}, {"<s>", "<s>"});
  const Token second = add_piece(data, "<s>", TokenType::user_defined);
  EXPECT_EQ(Tokenizer(data).encode("<s>"), Tokens{second});
  data.types.back() = TokenType::control;
  EXPECT_EQ(Tokenizer(data).encode("<s>", {.parse_special = true}), Tokens{second - 2});
}

TEST(SpecialTokens, MayBeAnyBytes) {
  const TokenizerData data = with_specials({"\xff\xfe", std::string("\0\0", 2)}, {});
  EXPECT_EQ(Tokenizer(data).encode(std::string_view("\xff\xfe\0\0\0\xff", 6)),
            (Tokens{257, 258, 0, 0xff}));
}

TEST(SpecialTokens, SpacesOfSentencePieceTokensAreSpaces) {
  TokenizerData data = sentencepiece({"▁", "a"});
  add_piece(data, "▁▁", TokenType::user_defined);
  EXPECT_EQ(cut(data, "a  a   a"), "a|▁▁|a|▁▁|▁|a");
}

TEST(SpecialTokens, TextAfterOneBeginsWithASpaceAgain) {
  TokenizerData data = sentencepiece({"▁a", "▁", "a"});
  data.add_space_prefix = true;
  add_piece(data, "<u>", TokenType::user_defined);
  EXPECT_EQ(cut(data, "a<u>a<u>"), "▁a|<u>|▁a|<u>");
  EXPECT_EQ(cut_special(data, "<s>a</s>"), "<s>|▁a|</s>");
  const Tokenizer tokenizer(data);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a<u>a")), "a<u> a");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("<s>a", {.parse_special = true})), "a");
}

TEST(SpecialTokens, BosAndEosWhereTheTokenizerAsksForThem) {
  TokenizerData data = sentencepiece({"a"});
  const auto encode = [&](EncodeOptions options) {
    return pieces_of(data, Tokenizer(data).encode("a", options));
  };
  EXPECT_EQ(encode({.add_bos = true, .add_eos = true}), "a");
  data.add_bos = true;
  data.add_eos = true;
  EXPECT_EQ(encode({}), "<s>|a");
  EXPECT_EQ(encode({.add_bos = false}), "a");
  EXPECT_EQ(encode({.add_bos = true, .add_eos = true}), "<s>|a|</s>");
  EXPECT_EQ(Tokenizer(data).encode("").size(), 1u);
}

TEST(SpecialTokens, PrintNothingUnlessUserDefined) {
  TokenizerData data = sentencepiece({"▁a▁", "b"});
  const Token user = add_piece(data, "<u>", TokenType::user_defined);
  const Tokenizer tokenizer(data);
  EXPECT_EQ(tokenizer.bytes(*data.unknown), "");
  EXPECT_EQ(tokenizer.bytes(*data.bos), "");
  EXPECT_EQ(tokenizer.bytes(user), "<u>");
  EXPECT_EQ(tokenizer.bytes(id_of(data, "▁a▁")), " a ");
  EXPECT_EQ(tokenizer.bytes(-1), "");
  EXPECT_EQ(tokenizer.bytes(user + 1), "");
}

TEST(SpecialTokens, EndOfGeneration) {
  TokenizerData data = sentencepiece({"a", "b"});
  data.end_of_generation.push_back(id_of(data, "b"));
  const Tokenizer tokenizer(data);
  EXPECT_TRUE(tokenizer.ends_generation(*data.eos));
  EXPECT_TRUE(tokenizer.ends_generation(id_of(data, "b")));
  EXPECT_FALSE(tokenizer.ends_generation(*data.bos));
  EXPECT_FALSE(tokenizer.ends_generation(-1));
}

TEST(SpecialTokens, AThousandOfThemCostLittle) {
  std::vector<std::string> pieces(1000);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pieces[i] = "<|reserved_" + std::to_string(i) + "|>";
  }
  const Tokenizer tokenizer(with_specials(pieces, {}));
  std::string text;
  while (text.size() < (1 << 20)) {
    text += "<<|reserved_<|reserved_77|>";
  }
  const double start = cpu_seconds();
  EXPECT_GT(tokenizer.encode(text).size(), text.size() / 27);
  EXPECT_LT(cpu_seconds() - start, 30);
}

}  // namespace
}  // namespace crayon::tokenizer::test
