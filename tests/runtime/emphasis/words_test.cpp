#include <gtest/gtest.h>

#include "runtime/emphasis/words.h"
#include "tests/runtime/tokenizer/vocabularies.h"

namespace crayon::emphasis {
namespace {

/// The words of `text` joined by '|', white space in braces.
std::string split(std::string_view text) {
  std::string joined;
  for (const Word& word : split_words(text)) {
    const std::string part(text.substr(word.begin, word.end - word.begin));
    joined += (joined.empty() ? "" : "|") + (word.space ? '{' + part + '}' : part);
  }
  return joined;
}

TEST(Words, RunsOfLettersAndDigitsAreWords) {
  EXPECT_EQ(split(""), "");
  EXPECT_EQ(split("a red_car2 42"), "a|{ }|red_car2|{ }|42");
  EXPECT_EQ(split("čaj\tΩμέγα мир"), "čaj|{\t}|Ωμέγα|{ }|мир");
}

TEST(Words, OtherCharactersAreWordsOfTheirOwn) {
  EXPECT_EQ(split("don't!?"), "don|'|t|!|?");
  EXPECT_EQ(split("a\xff\xfe"
                  "b"),
            "a|\xff|\xfe|b");
  EXPECT_EQ(split("  \u3000a"), "{ }|{ }|{\u3000}|a");
}

TEST(Words, MarksGoWithWhatIsBeforeThem) {
  EXPECT_EQ(split("e\u0301te\u0301 =\u0338"), "e\u0301te\u0301|{ }|=\u0338");
  EXPECT_EQ(split("a \u0301b"), "a| \u0301|b");
  EXPECT_EQ(split("\u0301a"), "\u0301|a");
  EXPECT_EQ(split("☂\ufe0fx"), "☂\ufe0f|x");
}

TEST(Words, LettersOfScriptsWithoutSpacesStandAlone) {
  EXPECT_EQ(split("红色car车"), "红|色|car|车");
  EXPECT_EQ(split("ねこ"), "ね|こ");
  EXPECT_EQ(split("กิน"), "กิ|น");
  EXPECT_EQ(split("한국어"), "한국어");
}

TEST(Words, AreAllOfAnyText) {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = tokenizer::test::random_bytes(random, 40);
    std::size_t done = 0;
    for (const Word& word : split_words(text)) {
      ASSERT_EQ(word.begin, done);
      ASSERT_GT(word.end, word.begin);
      done = word.end;
    }
    ASSERT_EQ(done, text.size());
  }
}

}  // namespace
}  // namespace crayon::emphasis
