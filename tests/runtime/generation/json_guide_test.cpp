#include "runtime/generation/json_guide.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "base/random.h"

namespace crayon::generation {
namespace {

using Json = nlohmann::json;

/// The beginning of an object, for the guide.
bool begins(std::string_view text) {
  return JsonGuide().accepts(text);
}

bool is_complete(std::string_view text) {
  JsonGuide guide;
  return guide.push(text) && guide.complete();
}

bool is_object(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  return !json.is_discarded() && json.is_object();
}

std::string random_string(Random& random) {
  const char* const characters[] = {"a", "Z", " ",          "\"",         "\\", "/",   "\n",
                                    "é", "€", "\U0001f600", "\x7f",       "{",  "0",   "\u07ff",
                                    "e", "}", "\ufffd",     "\U0010ffff", "t",  "\t\1"};
  std::string text;
  for (std::uint64_t size = random.below(6); size > 0; --size) {
    text += characters[random.below(std::size(characters))];
  }
  return text;
}

Json random_number(Random& random) {
  switch (random.below(4)) {
    case 0:
      return random.next();
    case 1:
      return static_cast<std::int64_t>(random.next());
    case 2:
      return random.below(3);
    default:
      return (random.uniform() - 0.5) * std::pow(10.0, static_cast<double>(random.below(40)) - 20);
  }
}

Json random_value(Random& random, int depth) {
  const std::uint64_t size = depth == 0 ? 0 : random.below(4);
  switch (random.below(6)) {
    case 0: {
      Json object = Json::object();
      for (std::uint64_t i = 0; i < size; ++i) {
        object[random_string(random)] = random_value(random, depth - 1);
      }
      return object;
    }
    case 1: {
      Json array = Json::array();
      for (std::uint64_t i = 0; i < size; ++i) {
        array.push_back(random_value(random, depth - 1));
      }
      return array;
    }
    case 2:
      return random_string(random);
    case 3:
      return random_number(random);
    case 4:
      return random.below(2) == 0;
    default:
      return nullptr;
  }
}

/// An object as some printer may write it.
std::string random_object(Random& random) {
  Json object = Json::object();
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    object[random_string(random)] = random_value(random, 5);
  }
  const int indents[] = {-1, 0, 2, 4};
  return object.dump(indents[random.below(4)], ' ', random.below(2) == 0);
}

TEST(JsonGuide, AcceptsAllBeginningsOfAnObject) {
  Random random(1);
  for (int round = 0; round < 2000; ++round) {
    const std::string text = random_object(random);
    JsonGuide guide;
    for (const char c : text) {
      ASSERT_FALSE(guide.complete()) << text;
      ASSERT_TRUE(guide.next()[static_cast<std::uint8_t>(c)]) << text;
      ASSERT_TRUE(guide.push({&c, 1})) << text;
    }
    ASSERT_TRUE(guide.complete()) << text;
    ASSERT_TRUE(guide.next().none());
    ASSERT_FALSE(guide.push(" "));
    // However it is cut.
    const std::size_t cut = random.below(text.size());
    JsonGuide two;
    ASSERT_TRUE(two.push(text.substr(0, cut)) && two.push(text.substr(cut)) && two.complete());
  }
}

/// Bytes of `set` in a row, at most.
std::size_t longest_run(const std::string& text, std::string_view set) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = set.find(c) == std::string_view::npos ? 0 : run + 1;
    longest = std::max(longest, run);
  }
  return longest;
}

/// Where valid JSON has none of this, the guide takes it.
bool may_be_beyond_limits(const std::string& text) {
  return longest_run(text, " \n") > 2 || text.front() != '{' || text.back() != '}' ||
         text.find_first_of("eE") != std::string::npos || longest_run(text, "-.0123456789") > 32;
}

TEST(JsonGuide, AgreesWithAParserAboutDamagedTexts) {
  Random random(2);
  int valid = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::string text = random_object(random);
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      const std::string_view marks = "{}[]\",:\\ue0-.+ntf \n1dD8\x80\xed";
      const std::size_t at = random.below(text.size() + 1);
      text.replace(at, random.below(2), random.below(2), marks[random.below(marks.size())]);
    }
    const bool accepted = is_object(text);
    valid += accepted ? 1 : 0;
    if (is_complete(text)) {
      ASSERT_TRUE(accepted) << text;
    } else if (accepted) {
      ASSERT_TRUE(may_be_beyond_limits(text)) << text;
    }
  }
  EXPECT_GT(valid, 500);
}

/// A byte that leads to the end of the object.
char closing_byte(const JsonGuide& guide) {
  if (guide.in_string()) {
    return '"';
  }
  const std::bitset<256> next = guide.next();
  for (const char c : std::string_view("}]\":0{\\ualsredc\xbf\x9f\x8f")) {
    if (next[static_cast<std::uint8_t>(c)]) {
      return c;
    }
  }
  ADD_FAILURE() << "nothing may come next";
  return '\0';
}

TEST(JsonGuide, WhatItAcceptsCanBeCompleted) {
  Random random(3);
  for (int round = 0; round < 3000; ++round) {
    JsonGuide guide;
    std::string text;
    for (std::uint64_t size = random.below(120); size > 0 && !guide.complete(); --size) {
      const std::bitset<256> next = guide.next();
      // Structure, mostly: of 256 bytes most are plain characters.
      const std::string_view marks = "{[\",:\\u1e.- tn0dDaBb8fF";
      char c = random.below(4) == 0 ? static_cast<char>(random.below(256))
                                    : marks[random.below(marks.size())];
      while (!next[static_cast<std::uint8_t>(c)]) {
        c = static_cast<char>(random.below(256));
      }
      ASSERT_TRUE(guide.push({&c, 1}));
      text += c;
    }
    for (int more = 0; !guide.complete(); ++more) {
      ASSERT_LT(more, 300) << text;
      const char c = closing_byte(guide);
      ASSERT_TRUE(guide.push({&c, 1})) << text;
      text += c;
    }
    ASSERT_TRUE(is_object(text)) << text;
  }
}

TEST(JsonGuide, OnlyAnObject) {
  for (const char* text : {"[]", "1", "\"a\"", "null", "}", "x", "\xef\xbb\xbf{}"}) {
    EXPECT_FALSE(begins(text)) << text;
  }
  EXPECT_TRUE(is_complete("{}"));
  EXPECT_TRUE(is_complete(" {}"));
  EXPECT_FALSE(begins("{} "));
  EXPECT_FALSE(begins("{}{"));
}

TEST(JsonGuide, GrammarOfNumbers) {
  for (const char* number : {"0", "-0", "10", "0.5", "-1.25e+10", "1E-9", "1e0", "1e99",
                             "12345678901234567890123456789012"}) {
    EXPECT_TRUE(is_complete("{\"a\":" + std::string(number) + "}")) << number;
  }
  for (const char* number :
       {"01", "+1", ".5", "1.", "1.e5", "1e", "1e+", "--1", "-", "1e100", "0x1", "NaN", "1.2.3",
        "123456789012345678901234567890123", "1234567890123456789012345678901e1"}) {
    EXPECT_FALSE(begins("{\"a\":" + std::string(number) + "}")) << number;
  }
}

TEST(JsonGuide, GrammarOfStrings) {
  for (const char* string : {"", "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\\u00e9\\uFFFF", "\\ud83d\\uDE00",
                             "\x7f", "\xc3\xa9\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_complete("{\"" + std::string(string) + "\":\"" + string + "\"}")) << string;
  }
  for (const char* string :
       {"\n", "\x1f", "\\x", "\\u12g", "\\ud83dx", "\\ud83d\\n", "\\ud83d\\ud8", "\\udc", "\xc0",
        "\xed\xa0", "\xf4\x90", "\xff", "\x80", "\xc3\xc3"}) {
    EXPECT_FALSE(begins("{\"" + std::string(string))) << string;
  }
  EXPECT_FALSE(begins("{\"\xe2\x82\""));
}

TEST(JsonGuide, DepthIsLimited) {
  std::string arrays = "{\"a\":" + std::string(31, '[');
  EXPECT_TRUE(begins(arrays));
  EXPECT_FALSE(begins(arrays + "["));
  EXPECT_FALSE(begins(arrays + "{"));
  EXPECT_TRUE(is_complete(arrays + "1" + std::string(31, ']') + "}"));
  EXPECT_FALSE(begins(arrays + std::string(31, ']') + "]"));
  EXPECT_FALSE(begins(arrays + "}"));
}

TEST(JsonGuide, WhiteSpaceIsLimited) {
  EXPECT_TRUE(begins("\r\n{\r\n    \"a\" : [\n        1"));
  EXPECT_FALSE(begins("   "));
  const std::string indent(6, ' ');
  for (const char* text : {"{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,"}) {
    EXPECT_TRUE(begins(text + indent)) << text;
    EXPECT_FALSE(begins(text + indent + " ")) << text;
  }
}

TEST(JsonGuide, WhatIsRefusedChangesNothing) {
  JsonGuide guide;
  ASSERT_TRUE(guide.push("{\"a\":\"\xe2"));
  EXPECT_FALSE(guide.push("\x82\xac\"]"));
  EXPECT_FALSE(guide.in_string());
  EXPECT_TRUE(guide.push("\x82\xac"));
  EXPECT_TRUE(guide.in_string());
  EXPECT_TRUE(guide.push("\"}") && guide.complete());
}

}  // namespace
}  // namespace crayon::generation
