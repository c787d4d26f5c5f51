#include "formats/charsmap.h"

#include <gtest/gtest.h>

#include "runtime/tokenizer/normalize.h"
#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/charsmap_bytes.h"
#include "tests/support/support.h"

namespace crayon::tokenizer::test {
namespace {

using crayon::test::charsmap_bytes;

std::string rewritten(const std::string& map, std::string_view text) {
  return rewrite(text, formats::Charsmap(map), 1 << 20);
}

TEST(Charsmap, RewritesTheLongestThatFits) {
  const std::string map =
      charsmap_bytes({{"Ａ", "A"}, {"e\u0301", "é"}, {"e", "E"}, {"ﬁ", "fi"}, {"\t", " "}});
  EXPECT_EQ(rewritten(map, "Ａbe\u0301eﬁ\t"), "AbéEfi ");
  EXPECT_EQ(rewritten(map, ""), "");
  EXPECT_EQ(rewritten(map, "e\xcc"), "E\xcc");
  EXPECT_EQ(rewritten(map, "\xff\xef\xbc"), "\xff\xef\xbc") << "broken bytes stay";
  EXPECT_EQ(rewritten(map, std::string("\0x\0", 3)), std::string("\0x\0", 3));
}

TEST(Charsmap, MayRemoveCharacters) {
  EXPECT_EQ(rewritten(charsmap_bytes({{"\u200b", ""}}), "a\u200bb"), "ab");
}

TEST(Charsmap, EqualsASearchThroughItsRules) {
  Random random(3);
  for (int i = 0; i < 50; ++i) {
    std::map<std::string, std::string> rules;
    for (std::size_t j = random.below(12); j > 0; --j) {
      std::string from(1 + random.below(3), 'a');
      for (char& c : from) {
        c = static_cast<char>('a' + random.below(3));
      }
      rules[from] = random_text(random, 3).c_str();  // up to a NUL
    }
    const std::string map = charsmap_bytes(rules);
    const formats::Charsmap charsmap(map);
    for (int j = 0; j < 40; ++j) {
      std::string text(1 + random.below(6), 'a');
      for (char& c : text) {
        c = static_cast<char>('a' + random.below(3));
      }
      std::size_t size = text.size();
      while (size > 0 && !rules.contains(text.substr(0, size))) {
        --size;
      }
      const auto rule = charsmap.longest_at(text);
      ASSERT_EQ(rule.size, size) << text;
      ASSERT_EQ(rule.text, size == 0 ? "" : rules.at(text.substr(0, size)));
    }
  }
}

TEST(Charsmap, AnyNumbersInTheTrieAreHarmless) {
  Random random(5);
  const std::string map = charsmap_bytes({{"ab", "x"}, {"é", "yy"}, {"abc", "z"}});
  for (int i = 0; i < 3000; ++i) {
    std::string broken = map;
    for (int j = 0; j < 8; ++j) {
      broken[4 + random.below(broken.size() - 4)] = static_cast<char>(random.below(256));
    }
    try {
      const formats::Charsmap charsmap(broken);
      rewrite("abcébaé" + random_bytes(random, 30), charsmap, 1 << 20);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::corrupt);
    }
  }
}

TEST(Charsmap, AResultThatIsTooLongIsAnError) {
  const std::string map = charsmap_bytes({{"a", std::string(200, 'x')}});
  EXPECT_EQ(rewrite("aaaaa", formats::Charsmap(map), 1000).size(), 1000u);
  EXPECT_EQ(crayon::test::code_of([&] { rewrite("aaaaaa", formats::Charsmap(map), 1000); }),
            Code::over_limit);
}

TEST(Charsmap, ComesBeforeSpacesAreCollapsedAndTextIsCut) {
  TokenizerData data = sentencepiece({"▁a", "▁", "a"});
  data.charsmap = charsmap_bytes({{"\n", " "}, {"Ａ", "a"}, {"<", "a"}});
  data.add_space_prefix = true;
  data.remove_extra_whitespace = true;
  EXPECT_EQ(cut(data, "\n Ａ \n a\n"), "▁a|▁a");
  // A special token's own spelling is not rewritten.
  add_piece(data, "<u>", TokenType::user_defined);
  EXPECT_EQ(cut(data, "a <u> <"), "▁a|▁|<u>|▁|▁a");
}

}  // namespace
}  // namespace crayon::tokenizer::test
