#include "runtime/emphasis/syntax.h"

#include <gtest/gtest.h>

#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/support.h"

namespace crayon::emphasis {
namespace {

using tokenizer::test::random_bytes;
using tokenizer::test::random_text;

TEST(Parse, TableOfTexts) {
  struct Case {
    const char* source;
    EmphasisedText expected;
  };
  const std::vector<Case> cases = {
      {"", {"", {}}},
      {"a photo of a red car", {"a photo of a red car", {}}},
      {"a photo of a (red:1.5) car", {"a photo of a red car", {{13, 16, 1.5f}}}},
      {"(red) [car]", {"red car", {{0, 3, 1.1f}, {4, 7, 1 / 1.1f}}}},
      {"((red))", {"red", {{0, 3, 1.1f * 1.1f}}}},
      {"[[red]]", {"red", {{0, 3, 1 / 1.1f * (1 / 1.1f)}}}},
      {"((red:3) car:2)", {"red car", {{0, 3, 6}, {3, 7, 2}}}},
      {"(a (red) car:2)", {"a red car", {{0, 2, 2}, {2, 5, 1.1f * 2}, {5, 9, 2}}}},
      {"(a:2)(b:2)(c:3)", {"abc", {{0, 2, 2}, {2, 3, 3}}}},
      {"(a:1) (b:0)", {"a b", {{2, 3, 0}}}},
      {"(a:1000) (b:1e-3) (c:.5) (d:5.)",
       {"a b c d", {{0, 1, 1000}, {2, 3, 1e-3f}, {4, 5, 0.5f}, {6, 7, 5}}}},
      {"(a: 1.5 )", {"a", {{0, 1, 1.5f}}}},
      {"(a :1.5)", {"a ", {{0, 2, 1.5f}}}},
      {R"(\(a\) \[b\] c\\d)", {R"((a) [b] c\d)", {}}},
      {R"(C:\dir\new)", {R"(C:\dir\new)", {}}},
      {"a\\", {"a\\", {}}},
      {R"((a\)b:2))", {"a)b", {{0, 3, 2}}}},
      {"at 10:30", {"at 10:30", {}}},
      {"(note: buy milk)", {"note: buy milk", {{0, 14, 1.1f}}}},
      {"(at 10:30 pm)", {"at 10:30 pm", {{0, 11, 1.1f}}}},
      {"(at 10:30:2)", {"at 10:30", {{0, 8, 2}}}},
      {"(a:2:b)", {"a:2:b", {{0, 5, 1.1f}}}},
      {R"((a:\(2))", {"a:(2", {{0, 4, 1.1f}}}},
      {"(a:(2))", {"a:2", {{0, 2, 1.1f}, {2, 3, 1.1f * 1.1f}}}},
      {"[note: buy milk]", {"note: buy milk", {{0, 14, 1 / 1.1f}}}},
      {"ein (grünes:2) Auto", {"ein grünes Auto", {{4, 11, 2}}}},
      {"(\xff:2)", {"\xff", {{0, 1, 2}}}},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(parse(one.source).text, one.expected.text) << one.source;
    EXPECT_EQ(parse(one.source).spans, one.expected.spans) << one.source;
  }
}

TEST(Parse, ErrorsNameTheColumnAndQuoteWhatIsWrong) {
  struct Case {
    std::string source;
    std::string sentence;  // behind "column "
  };
  const std::string of = " of the emphasised text: ";
  const std::vector<Case> cases = {
      {"a (red car", "3" + of + "\"(\" is not closed"},
      {"a [red (car)", "3" + of + "\"[\" is not closed"},
      {"(a (b", "4" + of + "\"(\" is not closed"},
      {"a red) car", "6" + of + "\")\" closes nothing"},
      {"red]", "4" + of + "\"]\" closes nothing"},
      {"(red]", "5" + of + "\"]\" does not close the \"(\" of column 1"},
      {"[red:2)", "7" + of + "\")\" does not close the \"[\" of column 1"},
      {"f()", "2" + of + "\"()\" has no text in it"},
      {"(:2)", "1" + of + "\"(:2)\" has no text in it"},
      {"[]", "1" + of + "\"[]\" has no text in it"},
      {"(red:)", "5" + of + "no weight behind \":\""},
      {"(red: )", "5" + of + "no weight behind \":\""},
      {"(red:-1)", "6" + of + "the weight \"-1\" is not from 0 to 1000"},
      {"(red:1000.1)", "6" + of + "the weight \"1000.1\" is not from 0 to 1000"},
      {"(red: NaN)", "7" + of + "the weight \"NaN\" is not from 0 to 1000"},
      {"(red:inf)", "6" + of + "the weight \"inf\" is not from 0 to 1000"},
      {"(red:-Infinity)", "6" + of + "the weight \"-Infinity\" is not from 0 to 1000"},
      {"(red:1e999)", "6" + of + "the weight \"1e999\" is too large, or too close to 0"},
      {"(red:1e-999)", "6" + of + "the weight \"1e-999\" is too large, or too close to 0"},
      {"(red:1,5)", "6" + of + "the weight \"1,5\" is not a number"},
      {"(red:1.5.2)", "6" + of + "the weight \"1.5.2\" is not a number"},
      {"(red:2x)", "6" + of + "the weight \"2x\" is not a number"},
      {"(red:+2)", "6" + of + "the weight \"+2\" is not a number"},
      {"(red:0x10)", "6" + of + "the weight \"0x10\" is not a number"},
      {"(red:-)", "6" + of + "the weight \"-\" is not a number"},
      {"[red:0.5]", "6" + of + "\"0.5\": square brackets have no weight of their own"},
      {"((red:100):100)",
       "12" + of + "the weight 100 and those within it multiply to more than 1000"},
      {"((red:1000))", "1" + of + "the weight 1.1 and those within it multiply to more than 1000"},
      {"grüne 车🚗 (é:x1) (é:1x)", "20" + of + "the weight \"1x\" is not a number"},
      {"\xff\xff (a", "4" + of + "\"(\" is not closed"},
      {std::string(max_nesting + 1, '(') + "a",
       "33" + of + "\"(\" is within 32 brackets, the most there can be"},
  };
  for (const Case& one : cases) {
    std::string sentence;
    EXPECT_EQ(crayon::test::code_of([&] { parse(one.source); }, &sentence), Code::bad_argument)
        << one.source;
    EXPECT_EQ(sentence, "column " + one.sentence) << one.source;
  }
  const std::string deep = std::string(max_nesting, '[') + "a" + std::string(max_nesting, ']');
  EXPECT_EQ(parse(deep).spans.size(), 1u) << "the limit itself is within it";
}

TEST(Write, EscapesAndGivesNumbers) {
  EXPECT_EQ(write({"a red car", {{2, 5, 1.5f}}}), "a (red:1.5) car");
  EXPECT_EQ(write({R"(f(x)[1]\)", {{1, 4, 0}}}), R"(f(\(x\):0)\[1\]\\)");
  EXPECT_EQ(write({"at 10:30", {{0, 8, 1.1f}}}), "(at 10:30:1.1)");
  EXPECT_EQ(crayon::test::code_of([] { write({"a", {{0, 2, 1}}}); }), Code::bad_argument);
}

TEST(Write, ParsesBackToTheSame) {
  Random random(2);
  for (int i = 0; i < 5000; ++i) {
    EmphasisedText emphasised;
    while (emphasised.text.empty()) {
      emphasised.text = random.below(2) == 0 ? random_text(random, 20) : random_bytes(random, 20);
      emphasised.text += random.below(2) == 0 ? "a:2" : "\\(";
    }
    float before = 1;
    for (std::size_t at = random.below(6); at < emphasised.text.size(); at += random.below(6)) {
      const std::size_t end =
          at + 1 + static_cast<std::size_t>(random.below(emphasised.text.size() - at));
      // Neighbours of one weight would be one span.
      const auto weight = static_cast<float>(random.uniform() * (random.below(2) == 0 ? 2 : 999));
      if (weight != before && weight != 1) {
        emphasised.spans.push_back({at, end, before = weight});
        at = end;
      }
    }
    const std::string source = write(emphasised);
    ASSERT_EQ(parse(source).text, emphasised.text) << source;
    ASSERT_EQ(parse(source).spans, emphasised.spans) << source;
  }
}

TEST(Parse, AnyStringIsParsedOrRefused) {
  Random random(3);
  const std::vector<std::string> pieces = {"(", ")",   "[",   "]", "\\",   ":", "1.5", "-", "a",
                                           " ", "nan", "1e9", "é", "\xe9", "0", ".",   "车"};
  int parsed = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string source = random.below(4) == 0 ? random_bytes(random, 20) : "";
    for (std::uint64_t left = random.below(12); left > 0; --left) {
      source += pieces[random.below(pieces.size())];
    }
    try {
      const EmphasisedText emphasised = parse(source);
      check(emphasised.spans, emphasised.text.size());
      ASSERT_EQ(parse(write(emphasised)), emphasised) << source;
      ++parsed;
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), Code::bad_argument) << source;
      ASSERT_TRUE(std::string_view(error.what()).starts_with("column ")) << error.what();
      ASSERT_FALSE(error.hint().empty());
    }
  }
  EXPECT_GT(parsed, 1000) << "the strings are no test of what parses";
}

}  // namespace
}  // namespace crayon::emphasis
