#include <gtest/gtest.h>

#include "tests/runtime/tokenizer/vocabularies.h"

namespace crayon::tokenizer::test {
namespace {

using Tokens = std::vector<Token>;

TEST(ClipBpe, TheLastByteOfAWordIsAnother) {
  EXPECT_EQ(Tokenizer(clip_bpe({})).encode("ab a", {.add_bos = false}),
            (Tokens{'a', 256 + 'b', 256 + 'a'}));
}

TEST(ClipBpe, MergesTellTheMiddleOfAWordFromItsEnd) {
  const TokenizerData data = clip_bpe({{"c", "a"}, {"ca", "t</w>"}, {"c", "a</w>"}});
  EXPECT_EQ(cut(data, "cat"), "cat</w>");
  EXPECT_EQ(cut(data, "cats"), "ca|t|s</w>");
  EXPECT_EQ(cut(data, "ca"), "ca</w>");
}

TEST(ClipBpe, WhiteSpaceOnlyPartsWords) {
  const TokenizerData data = clip_bpe({{"a", "b</w>"}});
  const Tokens ab = {512};
  for (const char* text : {"ab", " ab", "ab\n", "\t ab  ", "\u00a0\u3000ab"}) {
    EXPECT_EQ(Tokenizer(data).encode(text, {.add_bos = false}), ab) << text;
  }
  EXPECT_EQ(cut(data, "ab  ab"), "ab</w>|ab</w>");
  EXPECT_EQ(cut(data, " \n "), "");
  EXPECT_EQ(cut(data, "ab1ab!?"), "ab</w>|1</w>|ab</w>|!|?</w>");
  EXPECT_EQ(cut(data, "ab's"), "ab</w>|'|s</w>");
}

TEST(ClipBpe, TextBecomesLowerCaseAndComposed) {
  const TokenizerData data = clip_bpe({{"a", "b</w>"}, {"\xc3", "\xa9</w>"}});
  EXPECT_EQ(cut(data, "AB aB"), "ab</w>|ab</w>");
  EXPECT_EQ(cut(data, "\u00c9"), "\u00e9</w>");
  EXPECT_EQ(cut(data, "E\u0301"), "\u00e9</w>");
}

TEST(ClipBpe, SpecialTokensFrameTheTextAndWordsPrintASpace) {
  const Tokenizer tokenizer(clip_bpe({{"a", "b</w>"}}));
  const Token bos = *tokenizer.data().bos;
  const Token eos = *tokenizer.data().eos;
  const Tokens tokens = tokenizer.encode("ab AC", {.add_eos = true});
  EXPECT_EQ(tokens, (Tokens{bos, 512, 'a', 256 + 'c', eos}));
  EXPECT_EQ(tokenizer.decode(tokens), "ab ac ");
  EXPECT_EQ(tokenizer.encode("ab<|endoftext|>", {.add_bos = false, .parse_special = true}),
            (Tokens{512, eos}));
}

TEST(ClipBpe, AnyBytesComeBackButForCaseAndWhiteSpace) {
  const Tokenizer tokenizer(clip_bpe({{"a", "b</w>"}, {"c", "d"}}));
  Random random(12);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random_bytes(random, 40);
    const std::string once = tokenizer.decode(tokenizer.encode(text));
    // What decoding gives is a normal form: encoding it again changes nothing.
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(once)), once) << text;
  }
}

}  // namespace
}  // namespace crayon::tokenizer::test
