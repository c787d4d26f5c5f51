#include <gtest/gtest.h>

#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/support.h"

namespace crayon::tokenizer::test {
namespace {

/// Byte-pair encoding as it is defined: again and again the pair of the lowest rank, everywhere
/// from left to right.
std::vector<std::string> encode_by_definition(const TokenizerData& data, std::string_view text) {
  std::vector<std::string> parts;
  for (const char c : text) {
    parts.emplace_back(1, c);
  }
  for (std::size_t rank = 0; rank < data.merges.size(); ++rank) {
    const std::string& left = data.pieces[static_cast<std::size_t>(data.merges[rank].left)];
    const std::string& right = data.pieces[static_cast<std::size_t>(data.merges[rank].right)];
    bool merged = false;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      if (parts[i] == left && parts[i + 1] == right) {
        parts[i] += right;
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        merged = true;
      }
    }
    if (merged) {
      rank = static_cast<std::size_t>(-1);  // a merge can make room for one of a lower rank
    }
  }
  return parts;
}

TEST(ByteBpe, MergesTheLowestRankFirst) {
  EXPECT_EQ(cut(byte_bpe({{"a", "b"}, {"b", "c"}}), "abc"), "ab|c");
  EXPECT_EQ(cut(byte_bpe({{"b", "c"}, {"a", "b"}}), "abc"), "a|bc");
  EXPECT_EQ(cut(byte_bpe({{"a", "a"}}), "aaaaa"), "aa|aa|a");
}

TEST(ByteBpe, EqualsItsDefinitionOnRandomVocabularies) {
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    const TokenizerData data = random_byte_bpe(random, 1 + random.below(24));
    const Tokenizer tokenizer(data);
    for (int j = 0; j < 5; ++j) {
      std::string text(random.below(40), ' ');
      for (char& c : text) {
        c = static_cast<char>('a' + random.below(4));
      }
      std::string expected;
      for (const std::string& part : encode_by_definition(data, text)) {
        expected += (expected.empty() ? "" : "|") + part;
      }
      ASSERT_EQ(pieces_of(data, tokenizer.encode(text)), expected) << text;
    }
  }
}

TEST(ByteBpe, APairThatIsListedTwiceHasItsFirstRank) {
  EXPECT_EQ(cut(byte_bpe({{"a", "b"}, {"b", "c"}, {"a", "b"}}), "abc"), "ab|c");
}

TEST(ByteBpe, OnlyTheListedPairMakesAToken) {
  // "abc" exists, but only as ab + c.
  const TokenizerData data = byte_bpe({{"b", "c"}, {"a", "b"}, {"ab", "c"}});
  EXPECT_EQ(cut(data, "abc"), "a|bc");
}

TEST(ByteBpe, IgnoresMergesForAWholeTokenWhenAsked) {
  TokenizerData data = byte_bpe({{"b", "c"}, {"a", "b"}, {"ab", "c"}});
  data.pre_tokenizers = {" ?\\pL+"};
  EXPECT_EQ(cut(data, "abc abc"), "a|bc| |a|bc");
  data.ignore_merges = true;
  EXPECT_EQ(cut(data, "abc abc"), "abc| |a|bc");
}

TEST(ByteBpe, NeverMergesAcrossUnits) {
  TokenizerData data = byte_bpe({{"1", "1"}, {"a", "1"}});
  EXPECT_EQ(cut(data, "a1111"), "a|11|11");
  data.pre_tokenizers = {"\\d"};
  EXPECT_EQ(cut(data, "a1111"), "a|1|1|1|1");
}

TEST(ByteBpe, ControlTokensAreNotMadeOfText) {
  TokenizerData data = byte_bpe({{"<", "s"}, {"<s", ">"}});
  EXPECT_EQ(cut(data, "<s>"), "<s>");
  data.types.back() = TokenType::control;
  EXPECT_EQ(cut(data, "<s>"), "<s|>");
}

TEST(ByteBpe, ComposesBeforeMergingWhenAsked) {
  TokenizerData data = byte_bpe({{"\xc3", "\xa9"}});
  EXPECT_EQ(cut(data, "e\u0301"), "e|\xcc|\x81");
  data.normalize_nfc = true;
  EXPECT_EQ(cut(data, "e\u0301"), "é");
}

TEST(ByteBpe, BytesWithoutATokenAreUnknownOrLost) {
  TokenizerData data;
  data.kind = TokenizerKind::byte_bpe;
  add_piece(data, "a");
  add_piece(data, "b");
  add_piece(data, "ab");
  data.merges = {{0, 1}};
  EXPECT_EQ(cut(data, "axb"), "ab");
  EXPECT_EQ(cut(data, "xyz"), "");
  data.unknown = add_piece(data, "<unk>", TokenType::unknown);
  EXPECT_EQ(cut(data, "axbab"), "a|<unk>|b|ab");
}

TEST(ByteBpe, RejectsWhatIsNoRegularExpression) {
  for (const char* pattern : {"(", "a{2", "[z-a]", "\\p{Nonsense}", "\\C", "\xff"}) {
    TokenizerData data = byte_bpe({});
    data.pre_tokenizers = {"a", pattern};
    if (std::string_view(pattern) == "a{2") {
      EXPECT_EQ(cut(data, "xa{2y"), "x|a|{|2|y") << "literal, as in Perl";
      continue;
    }
    std::string sentence;
    EXPECT_EQ(crayon::test::code_of([&] { Tokenizer{data}; }, &sentence), Code::bad_tokenizer)
        << pattern;
    EXPECT_NE(sentence.find("pre_tokenizers[1]"), std::string::npos) << sentence;
  }
}

TEST(ByteBpe, AMegabyteOfOneLetterTakesNoTime) {
  TokenizerData data = byte_bpe({{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}});
  data.pre_tokenizers = {"\\s*[\\r\\n]+|\\s+(?!\\S)|\\pL+"};
  const Tokenizer tokenizer(data);
  const double start = cpu_seconds();
  const std::string text = std::string(1 << 20, 'a') + std::string(1 << 20, ' ');
  const auto tokens = tokenizer.encode(text);
  EXPECT_EQ(tokens.size(), (1u << 17) + (1u << 20));
  EXPECT_LT(cpu_seconds() - start, 30) << "an emulator takes 3 s; quadratic would be hours";
}

}  // namespace
}  // namespace crayon::tokenizer::test
