#include "store/golden.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/support.h"

namespace crayon::store {
namespace {

using test::code_of;
using test::TempDir;

TEST(Golden, ComesBackAsItWasWritten) {
  const TempDir dir;
  const Golden golden{formats::hash_of(as_bytes("x")), "a \"b\"\n\xc3\xa4", {0, 5, 151'000}, 7};
  write_golden(dir / "g.txt", golden);
  EXPECT_EQ(read_golden(dir / "g.txt"), golden);
}

TEST(Golden, WhatIsNoneIsRefusedByItsField) {
  const TempDir dir;
  const std::string begin = "crayon-golden 1\nmodel " + std::string(64, 'a') + "\n";
  const struct {
    std::string text;
    const char* field;
  } cases[] = {
      {"", "crayon-golden 1"},
      {"nothing\n", "crayon-golden 1"},
      {"crayon-golden 2\n", "crayon-golden 1"},
      {"crayon-golden 1", "crayon-golden"},
      {"crayon-golden 1\nmodel xy\nprompt\na", "model"},
      {"crayon-golden 1\nprompt\na", "model"},
      {begin + begin.substr(16) + "seconds 1\ntokens 1\nprompt\na", "model"},
      {begin + "seconds 1\ntokens 1\n", "prompt"},
      {begin + "seconds 1\ntokens 1", "tokens"},
      {begin + "seconds 1\ntokens\nprompt\na", "tokens"},
      {begin + "seconds 1\ntokens -1\nprompt\na", "tokens"},
      {begin + "seconds 1\ntokens 4294967296\nprompt\na", "tokens"},
      {begin + "seconds 1\ntokens 1.5\nprompt\na", "tokens"},
      {begin + "seconds 0\ntokens 1\nprompt\na", "seconds"},
      {begin + "seconds 1 2\ntokens 1\nprompt\na", "seconds"},
      {begin + "\nseconds 1\ntokens 1\nprompt\na", "a field"},
  };
  for (const auto& [text, field] : cases) {
    write_text(dir / "g.txt", text);
    std::string sentence;
    EXPECT_EQ(code_of([&] { read_golden(dir / "g.txt"); }, &sentence), Code::malformed) << text;
    EXPECT_NE(sentence.find(field), std::string::npos) << sentence;
  }
  write_text(dir / "g.txt", std::string((1u << 20) + 1, ' '));
  EXPECT_EQ(code_of([&] { read_golden(dir / "g.txt"); }), Code::over_limit);
}

}  // namespace
}  // namespace crayon::store
