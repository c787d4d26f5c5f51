// How each family of byte-level models splits text, by the expressions that its GGUF names.
#include <gtest/gtest.h>

#include "formats/importers/pre_tokenizers.h"
#include "runtime/tokenizer/pre_tokenizer.h"
#include "tests/support/support.h"

namespace crayon::tokenizer::test {
namespace {

std::string split(std::string_view family, std::string_view text) {
  std::string joined;
  const PreTokenizer pre(importers::find_pre_tokenizer(family, "test").patterns);
  for (const std::string_view unit : pre.split(text)) {
    joined.append(joined.empty() ? "" : "|").append(unit);
  }
  return joined;
}

TEST(Families, Numbers) {
  const std::string text = "a 12345";
  EXPECT_EQ(split("gpt-2", text), "a| 12345");
  EXPECT_EQ(split("llama-bpe", text), "a| |123|45");
  EXPECT_EQ(split("qwen2", text), "a| |1|2|3|4|5");
  EXPECT_EQ(split("smollm", text), "a| |1|2|3|4|5");
  EXPECT_EQ(split("starcoder", text), "a| |1|2|3|4|5");
  EXPECT_EQ(split("falcon", text), "a| |123|45");
  EXPECT_EQ(split("default", text), "a| |123|45");
  EXPECT_EQ(split("deepseek-llm", text), "a| |12345");
  EXPECT_EQ(split("deepseek-coder", text), "a| |1|2|3|4|5");
  EXPECT_EQ(split("deepseek-v3", text), "a| |123|45");
  EXPECT_EQ(split("tekken", text), "a| |1|2|3|4|5");
  EXPECT_EQ(split("gpt-4o", text), "a| |123|45");
  EXPECT_EQ(split("viking", text), "a| |1|2|3|4|5");
  EXPECT_EQ(split("bloom", text), "a| 12345");
}

TEST(Families, Punctuation) {
  const std::string text = "it's (so)!\n";
  EXPECT_EQ(split("gpt-2", text), "it|'s| (|so|)!|\n");
  EXPECT_EQ(split("dbrx", text), "it|'s| (|so|)!\n");
  EXPECT_EQ(split("default", text), "it|'|s| |(|so|)!|\n");
  EXPECT_EQ(split("falcon", text), "it|'|s| |(|so|)!|\n");
  EXPECT_EQ(split("deepseek-coder", text), "it|'|s| (|so|)!|\n");
  EXPECT_EQ(split("deepseek-llm", text), "it|'|s| (|so|)!|\n");
  EXPECT_EQ(split("deepseek-v3", text), "it|'s| (|so|)!\n");
  EXPECT_EQ(split("gpt-4o", text), "it's| (|so|)!\n");
  EXPECT_EQ(split("tekken", text), "it|'s| (|so|)!\n");
  EXPECT_EQ(split("bloom", text), "it's| (|so|)!\n") << "a gap is one unit";
}

TEST(Families, UpperAndLowerCase) {
  EXPECT_EQ(split("gpt-4o", "HTTPServer aB"), "HTTPServer| a|B");
  EXPECT_EQ(split("tekken", "camelCase ABC"), "camel|Case| ABC");
  EXPECT_EQ(split("llama-bpe", "camelCase ABC"), "camelCase| ABC");
}

TEST(Families, Scripts) {
  EXPECT_EQ(split("deepseek-llm", "Ω мир 中文!"), "Ω| мир| |中文|!");
  EXPECT_EQ(split("deepseek-v3", "a中文b"), "a|中文|b");
  EXPECT_EQ(split("qwen2", "a中文b"), "a中文b");
}

// Every name in the message can be asked for, and its expressions compile.
TEST(Families, AllThatAreListedWork) {
  std::string sentence;
  EXPECT_EQ(crayon::test::code_of([] { split("none", ""); }, &sentence), Code::unsupported);
  std::string list = sentence.substr(sentence.find("none; ") + 6);
  list.resize(list.find(" are known"));
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < list.size(); ++count) {
    const std::size_t end = std::min(list.find(", ", begin), list.size());
    const std::string name = list.substr(begin, end - begin);
    std::string text = split(name, "Grüße, 世界! don't 12,345\n\n  x\t");
    std::erase(text, '|');
    EXPECT_EQ(text, "Grüße, 世界! don't 12,345\n\n  x\t") << name;
    begin = end + 2;
  }
  EXPECT_GT(count, 50u);
}

}  // namespace
}  // namespace crayon::tokenizer::test
