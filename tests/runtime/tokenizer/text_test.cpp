// UTF-8, normal forms and pre-tokenizers, which lie below the tokenizer.
#include <gtest/gtest.h>

#include "runtime/tokenizer/normalize.h"
#include "runtime/tokenizer/pre_tokenizer.h"
#include "runtime/tokenizer/utf8.h"
#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/support.h"

namespace crayon::tokenizer {

// Found by GoogleTest, to compare and to print.
static bool operator==(Utf8Char a, Utf8Char b) {
  return a.kind == b.kind && a.size == b.size;
}
static std::ostream& operator<<(std::ostream& out, Utf8Char c) {
  return out << (c.kind == Utf8::valid     ? "valid "
                 : c.kind == Utf8::invalid ? "invalid "
                                           : "cut ")
             << c.size;
}

namespace test {
namespace {

TEST(Utf8, EveryCharacterIsValidAndEveryPartOfItTruncated) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c == 0xd800) {
      c = 0xe000;
    }
    const std::string text = utf8(c);
    ASSERT_EQ(next_char(text), (Utf8Char{Utf8::valid, text.size()})) << std::hex << +c;
    ASSERT_EQ(code_point(text), c);
    for (std::size_t size = 1; size < text.size(); ++size) {
      ASSERT_EQ(next_char(text.substr(0, size)), (Utf8Char{Utf8::truncated, size}));
    }
  }
}

TEST(Utf8, SurrogatesOverlongFormsAndWhatIsBeyondUnicodeAreInvalid) {
  for (char32_t c = 0xd800; c < 0xe000; ++c) {
    ASSERT_EQ(next_char(utf8(c)), (Utf8Char{Utf8::invalid, 1}));
  }
  for (const char* text : {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "\xff", "\xed\xa0"}) {
    EXPECT_EQ(next_char(text), (Utf8Char{Utf8::invalid, 1})) << text;
  }
}

TEST(Utf8, AnInvalidSequenceIsItsMaximalSubpart) {
  EXPECT_EQ(next_char("\xe2\x82z"), (Utf8Char{Utf8::invalid, 2}));
  EXPECT_EQ(next_char("\xf0\x9f\xa6z"), (Utf8Char{Utf8::invalid, 3}));
  EXPECT_EQ(next_char("\xc3z"), (Utf8Char{Utf8::invalid, 1}));
}

TEST(Nfc, ComposesAndReorders) {
  EXPECT_EQ(normalize_nfc("cafe\u0301!"), "caf\u00e9!");
  EXPECT_EQ(normalize_nfc("a\u0323\u0307"), "\u1ea1\u0307");
  EXPECT_EQ(normalize_nfc("a\u0307\u0323"), "\u1ea1\u0307");
  EXPECT_EQ(normalize_nfc("\u1112\u1161\u11ab"), "\ud55c");  // Hangul
  EXPECT_EQ(normalize_nfc("\u09c7\u09be"), "\u09cb");        // a vowel sign of class 0 composes
  EXPECT_EQ(normalize_nfc("\u212b"), "\u00c5");
  EXPECT_EQ(normalize_nfc("\ufb01"), "\ufb01") << "compatibility characters stay";
  EXPECT_EQ(normalize_nfc(""), "");
}

TEST(Nfc, LeavesBrokenBytesAsTheyAre) {
  EXPECT_EQ(normalize_nfc("\xff"
                          "e\u0301\xe2\x82"),
            "\xff\u00e9\xe2\x82");
  EXPECT_EQ(normalize_nfc("e\xff\u0301"), "e\xff\u0301");
}

TEST(Nfc, DoingItTwiceChangesNothing) {
  Random random(2);
  for (int i = 0; i < 2000; ++i) {
    const std::string once = normalize_nfc(random_text(random, 30));
    ASSERT_EQ(normalize_nfc(once), once);
  }
}

TEST(Nfc, ManyMarksInTheWrongOrderTakeNoTime) {
  std::string text = "a";
  while (text.size() < (1 << 18)) {
    text += "\u0301\u0323";
  }
  const double start = cpu_seconds();
  EXPECT_EQ(normalize_nfc(text).substr(0, 3), "\u1ea1");
  EXPECT_LT(cpu_seconds() - start, 10) << "an emulator takes 1 s; quadratic is a minute";
}

std::string split(const std::vector<std::string>& patterns, std::string_view text) {
  std::string joined;
  for (const std::string_view unit : PreTokenizer(patterns).split(text)) {
    EXPECT_FALSE(unit.empty());
    joined.append(joined.empty() ? "" : "|").append(unit);
  }
  return joined;
}

TEST(PreTokenizer, MatchesAndGapsAreUnits) {
  EXPECT_EQ(split({}, "a 1 b"), "a 1 b");
  EXPECT_EQ(split({"\\d+"}, "ab12cd3"), "ab|12|cd|3");
  EXPECT_EQ(split({"\\d+"}, "12ab"), "12|ab");
  EXPECT_EQ(split({"\\d+"}, ""), "");
  EXPECT_EQ(split({"x*"}, "axxb"), "a|xx|b") << "an empty match is none";
}

TEST(PreTokenizer, EachExpressionSeesTheUnitsOfTheOneBeforeAsTexts) {
  EXPECT_EQ(split({"\\d", " ?\\pL+"}, "a12 b"), "a|1|2| b");
  EXPECT_EQ(split({"\\d", "^."}, "ab1cd"), "a|b|1|c|d");
  EXPECT_EQ(split({"\\d", "\\s+(?!\\S)"}, "a  1"), "a|  |1");
}

TEST(PreTokenizer, ClassesGoByUnicode) {
  EXPECT_EQ(split({"\\s+"}, "a\u00a0\u2003b"), "a|\u00a0\u2003|b");
  EXPECT_EQ(split({"\\d+"}, "a\u0663b"), "a|\u0663|b");
  EXPECT_EQ(split({"(?i)É"}, "aéb"), "a|é|b");
}

TEST(PreTokenizer, BrokenBytesAreUnitsOfTheirOwn) {
  EXPECT_EQ(split({"."},
                  "a\xff\xfe"
                  "b\xe2\x82"),
            "a|\xff\xfe|b|\xe2\x82");
  EXPECT_EQ(split({"\\s+(?!\\S)"}, " \xff"), " |\xff");
}

TEST(PreTokenizer, AHostileExpressionIsAnErrorNotAHang) {
  const PreTokenizer exploding({"(a+)+$"});
  EXPECT_EQ(crayon::test::code_of([&] { exploding.split(std::string(64, 'a') + 'b'); }),
            Code::over_limit);
  const std::string text(100'000, 'a');
  const PreTokenizer recursive({"(a(?1)?b|a)+c"});
  try {
    recursive.split(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::over_limit);
  }
}

TEST(PreTokenizer, BackslashKNeverGoesBack) {
  EXPECT_EQ(split({"a\\Kb"}, "abab"), "a|b|a|b");
  EXPECT_EQ(split({"(?<=a)b"}, "abab"), "a|b|a|b");
}

}  // namespace
}  // namespace test
}  // namespace crayon::tokenizer
