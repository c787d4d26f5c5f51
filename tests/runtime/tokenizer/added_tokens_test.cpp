// The switches of Hugging Face's AddedToken, and which texts get a space in front.
#include <gtest/gtest.h>

#include "runtime/tokenizer/characters.h"
#include "tests/runtime/tokenizer/vocabularies.h"

namespace crayon::tokenizer::test {
namespace {

using formats::AddedToken;
using formats::PrefixScope;

/// Bytes, and "<t>" found by `rule`, whose token is filled in.
TokenizerData with_token(AddedToken rule, TokenType type = TokenType::user_defined) {
  TokenizerData data = byte_bpe({});
  rule.token = add_piece(data, "<t>", type);
  data.added = {rule};
  return data;
}

TEST(AddedTokens, StripTakesInWhiteSpaceOnThatSide) {
  const std::string text = "a \n<t> \t b";
  EXPECT_EQ(cut(with_token({.lstrip = true}), text), "a|<t>| |\t| |b");
  EXPECT_EQ(cut(with_token({.rstrip = true}), text), "a| |\n|<t>|b");
  EXPECT_EQ(cut(with_token({.lstrip = true, .rstrip = true}), text), "a|<t>|b");
  EXPECT_EQ(cut(with_token({.lstrip = true, .rstrip = true}), "\u00a0\u2003<t>\u3000"), "<t>");
  EXPECT_EQ(cut(with_token({.lstrip = true, .rstrip = true}), "<t>"), "<t>");
}

TEST(AddedTokens, StripLeavesWhatAnEarlierTokenHasTaken) {
  EXPECT_EQ(cut(with_token({.lstrip = true, .rstrip = true}), "<t>  <t> x"), "<t>|<t>|x");
  TokenizerData data = with_token({.lstrip = true});
  add_piece(data, "  ", TokenType::user_defined);
  EXPECT_EQ(cut(data, "a   <t>"), "a|  |<t>");
}

TEST(AddedTokens, StripHoldsForControlTokensWhenTheyAreParsed) {
  const Tokenizer tokenizer(with_token({.rstrip = true}, TokenType::control));
  EXPECT_EQ(tokenizer.encode("<t> \na", {.parse_special = true}).size(), 2u);
  EXPECT_EQ(tokenizer.encode("<t> \na").size(), 6u);
}

TEST(AddedTokens, SingleWordNeedsAWordsEndOnBothSides) {
  TokenizerData data = byte_bpe({});
  data.added = {{.token = add_piece(data, "cat", TokenType::user_defined), .single_word = true}};
  EXPECT_EQ(cut(data, "cat"), "cat");
  EXPECT_EQ(cut(data, "a cat."), "a| |cat|.");
  EXPECT_EQ(cut(data, "cats"), "c|a|t|s");
  EXPECT_EQ(cut(data, "_cat"), "_|c|a|t");
  EXPECT_EQ(cut(data, "cat1 cat"), "c|a|t|1| |cat");
  EXPECT_EQ(cut(data, "écat"), "\xc3|\xa9|c|a|t");
  EXPECT_EQ(cut(data, "cat\u0301"), "c|a|t|\xcc|\x81");
  EXPECT_EQ(cut(data,
                "\xff"
                "cat\xff"),
            "\xff|cat|\xff");
}

TEST(AddedTokens, AMatchInsideAWordHidesWhatItCovers) {
  TokenizerData data = byte_bpe({});
  const Token whole = add_piece(data, "abc", TokenType::user_defined);
  add_piece(data, "bc", TokenType::user_defined);
  data.added = {{.token = whole, .single_word = true}};
  EXPECT_EQ(cut(data, "xabc"), "x|a|b|c");
  EXPECT_EQ(cut(data, "xbc"), "x|bc");
}

TEST(AddedTokens, NormalizedOnesAreSoughtInNormalisedText) {
  TokenizerData data = byte_bpe({});
  data.normalize_nfc = true;
  const Token token = add_piece(data, "caf\u00e9", TokenType::user_defined);
  EXPECT_EQ(cut(data, "cafe\u0301"), "c|a|f|\xc3|\xa9");
  data.added = {{.token = token, .normalized = true}};
  EXPECT_EQ(cut(data, "cafe\u0301"), "caf\u00e9");
  // What is spelled in another form is brought into the normal one, too.
  data.pieces[static_cast<std::size_t>(token)] = "cafe\u0301";
  EXPECT_EQ(cut(data, "caf\u00e9"), "cafe\u0301");
}

TEST(AddedTokens, ThoseThatAreNotNormalizedComeFirst) {
  TokenizerData data = byte_bpe({});
  const Token early = add_piece(data, "abc", TokenType::user_defined);
  add_piece(data, "b", TokenType::user_defined);
  EXPECT_EQ(cut(data, "abc"), "abc");
  data.added = {{.token = early, .normalized = true}};
  EXPECT_EQ(cut(data, "abc"), "a|b|c");
}

TEST(AddedTokens, ClipFindsNormalizedOnesInAnyCase) {
  TokenizerData data = byte_bpe({});
  data.kind = TokenizerKind::clip_bpe;
  data.added = {{.token = add_piece(data, "<T>", TokenType::user_defined), .normalized = true}};
  EXPECT_EQ(cut(data, "<t><T>"), "<T>|<T>");
}

std::string cut_parts(PrefixScope scope, std::string_view text) {
  TokenizerData data = sentencepiece({"▁", "a", "b"});
  data.add_space_prefix = true;
  data.prefix_scope = scope;
  add_piece(data, "<u>", TokenType::user_defined);
  return pieces_of(data, Tokenizer(data).encode(text, {.add_bos = false, .parse_special = true}));
}

TEST(SpacePrefix, GoesWhereItsScopeSays) {
  const std::string text = "a<u>b<s>a";
  EXPECT_EQ(cut_parts(PrefixScope::every_part, text), "▁|a|<u>|▁|b|<s>|▁|a");
  EXPECT_EQ(cut_parts(PrefixScope::after_control, text), "▁|a|<u>|b|<s>|▁|a");
  EXPECT_EQ(cut_parts(PrefixScope::text_start, text), "▁|a|<u>|b|<s>|a");
  EXPECT_EQ(cut_parts(PrefixScope::text_start, "<s>a"), "<s>|a");
  EXPECT_EQ(cut_parts(PrefixScope::after_control, "<u>a"), "<u>|a");
}

TEST(SpacePrefix, NotInFrontOfASpaceWhenToldSo) {
  TokenizerData data = sentencepiece({"▁", "a"});
  data.add_space_prefix = true;
  EXPECT_EQ(cut(data, " a"), "▁|▁|a");
  data.prefix_unless_space = true;
  EXPECT_EQ(cut(data, " a"), "▁|a");
  EXPECT_EQ(cut(data, "a"), "▁|a");
}

TEST(ExtraSpaces, AreCountedAcrossSpecialTokens) {
  TokenizerData data = sentencepiece({"▁", "a"});
  data.remove_extra_whitespace = true;
  add_piece(data, "<u>", TokenType::user_defined);
  EXPECT_EQ(cut(data, "  a  <u>  a  "), "a|▁|<u>|▁|a");
  EXPECT_EQ(cut(data, "  <u>  "), "<u>");
  EXPECT_EQ(cut(data, "a <u>"), "a|▁|<u>");
  // As SentencePiece, which takes marks of the text itself for spaces at the end only.
  EXPECT_EQ(cut(data, "▁▁a▁ ▁"), "▁|▁|a");
}

TEST(Characters, WhiteSpaceAndWordsGoByUnicode) {
  EXPECT_EQ(leading_white_space(" \t\n\u0085\u00a0\u1680\u2000\u2029\u202f\u205f\u3000x "), 25u);
  EXPECT_EQ(trailing_white_space("x \u3000\u200a"), 7u);
  EXPECT_EQ(trailing_white_space("\xe3\x80"), 0u);
  EXPECT_EQ(leading_white_space("\u180e\u200b"), 0u);
  for (const char* word : {"a", "É", "中", "_", "5", "\u0663", "\u0301", "\u200d", "\u2160"}) {
    EXPECT_TRUE(begins_with_word(word)) << word;
    EXPECT_TRUE(ends_with_word(word)) << word;
  }
  for (const char* other : {"", " ", "-", "\u00bd", "😀", "\xff", "\xe3\x80"}) {
    EXPECT_FALSE(begins_with_word(other)) << other;
    EXPECT_FALSE(ends_with_word(other)) << other;
  }
}

}  // namespace
}  // namespace crayon::tokenizer::test
