// Where tokens begin in the text that they are of.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/charsmap_bytes.h"

namespace crayon::tokenizer::test {
namespace {

using Begins = std::vector<std::size_t>;

Begins begins(const TokenizerData& data, std::string_view text,
              const EncodeOptions& options = {.add_bos = false}) {
  return Tokenizer(data).encode_with_begins(text, options).begins;
}

TEST(Begins, TokensAreThoseOfEncodeAndInOrder) {
  Random random(21);
  for (int vocabulary = 0; vocabulary < 200; ++vocabulary) {
    const Tokenizer tokenizer(random_tokenizer(random));
    for (int i = 0; i < 20; ++i) {
      const std::string text = random_bytes(random, 60);
      const EncodeOptions options{.add_eos = true, .parse_special = i % 2 == 0};
      const Encoding encoding = tokenizer.encode_with_begins(text, options);
      ASSERT_EQ(encoding.tokens, tokenizer.encode(text, options));
      ASSERT_EQ(encoding.begins.size(), encoding.tokens.size());
      ASSERT_TRUE(std::ranges::is_sorted(encoding.begins));
      ASSERT_TRUE(encoding.begins.empty() || encoding.begins.back() <= text.size());
    }
  }
}

TEST(Begins, ByteBpeTokensPrintWhatIsThere) {
  Random random(22);
  for (int vocabulary = 0; vocabulary < 20; ++vocabulary) {
    TokenizerData data = random_byte_bpe(random, 40);
    data.pre_tokenizers = {R"( ?\p{L}+|\s+)"};
    add_piece(data, "<end>", TokenType::user_defined);
    const Tokenizer tokenizer(data);
    for (int i = 0; i < 100; ++i) {
      const std::string text = random_bytes(random, 30) + "<end>" + random_bytes(random, 30);
      const Encoding encoding = tokenizer.encode_with_begins(text);
      for (std::size_t j = 0; j < encoding.tokens.size(); ++j) {
        const std::string_view printed = tokenizer.bytes(encoding.tokens[j]);
        ASSERT_EQ(text.substr(encoding.begins[j], printed.size()), printed);
      }
    }
  }
}

TEST(Begins, SentencePieceCountsBytesOfTheTextNotOfItsMarks) {
  TokenizerData data = sentencepiece({"▁a", "▁", "a", "b"});
  for (const TokenizerKind kind : {TokenizerKind::sentencepiece_bpe, TokenizerKind::unigram}) {
    data.kind = kind;
    data.add_space_prefix = false;
    EXPECT_EQ(begins(data, "b a  b"), (Begins{0, 1, 3, 4, 5}));  // b|▁a|▁|▁|b
    EXPECT_EQ(begins(data, "b▁a"), (Begins{0, 1}));
    EXPECT_EQ(begins(data, "bxéa"), (Begins{0, 1, 4})) << "one unknown token for a run";
    data.add_space_prefix = true;
    EXPECT_EQ(begins(data, "b a"), (Begins{0, 0, 1}));
  }
}

TEST(Begins, WhatIsRewrittenTogetherBeginsTogether) {
  TokenizerData data = sentencepiece({"f", "i", "n", "▁"});
  data.charsmap = crayon::test::charsmap_bytes({{"ﬁ", "fi"}, {"\u00ad", ""}, {"　", "  "}});
  EXPECT_EQ(begins(data, "nﬁ\u00adn　n"), (Begins{0, 1, 1, 6, 7, 7, 10}));
  data.remove_extra_whitespace = true;
  EXPECT_EQ(begins(data, " 　nﬁ　 n 　"), (Begins{4, 5, 5, 8, 12}));
  TokenizerData composed = byte_bpe({});
  composed.normalize_nfc = true;
  EXPECT_EQ(begins(composed,
                   "ae\u0301\xff\xff"
                   "b"),
            (Begins{0, 1, 1, 4, 5, 6}));
}

TEST(Begins, SpecialTokensTakeInTheirWhiteSpace) {
  TokenizerData data = byte_bpe({});
  const Token end = add_piece(data, "<end>", TokenType::user_defined);
  data.bos = add_piece(data, "<s>", TokenType::control);
  data.eos = add_piece(data, "</s>", TokenType::control);
  data.add_bos = data.add_eos = true;
  data.added = {{.token = end, .lstrip = true, .rstrip = true}};
  EXPECT_EQ(begins(data, "a  <end> b", {.add_eos = true}), (Begins{0, 0, 1, 9, 10}));
}

TEST(Begins, ClipsWordsBeginBehindTheWhiteSpace) {
  EXPECT_EQ(begins(clip_bpe({{"a", "b</w>"}}), " ab \n AB1"), (Begins{1, 6, 8}));
}

}  // namespace
}  // namespace crayon::tokenizer::test
