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
  write_golden(dir / "g.json", golden);
  EXPECT_EQ(read_golden(dir / "g.json"), golden);
}

TEST(Golden, WhatIsNoneIsRefusedByItsField) {
  const TempDir dir;
  const std::string model(64, 'a');
  const auto with = [&](const std::string& fields) {
    return "{\"format\":\"crayon-golden-1\",\"model\":\"" + model + "\"," + fields + "}";
  };
  const struct {
    std::string text;
    const char* field;
  } cases[] = {
      {"nothing", "no JSON object"},
      {R"({"format":"crayon-golden-2"})", "format"},
      {R"({"format":"crayon-golden-1","model":"xy"})", "model"},
      {with(R"("prompt":1)"), "prompt"},
      {with(R"("prompt":"a","tokens":[],"seconds":1)"), "tokens"},
      {with(R"("prompt":"a","tokens":[-1],"seconds":1)"), "tokens"},
      {with(R"("prompt":"a","tokens":[4294967296],"seconds":1)"), "tokens"},
      {with(R"("prompt":"a","tokens":[1.5],"seconds":1)"), "tokens"},
      {with(R"("prompt":"a","tokens":[1],"seconds":0)"), "seconds"},
      {with(R"("prompt":"a","tokens":[1])"), "seconds"},
  };
  for (const auto& [text, field] : cases) {
    write_text(dir / "g.json", text);
    std::string sentence;
    EXPECT_EQ(code_of([&] { read_golden(dir / "g.json"); }, &sentence), Code::malformed) << text;
    EXPECT_NE(sentence.find(field), std::string::npos) << sentence;
  }
  write_text(dir / "g.json", std::string((1u << 20) + 1, ' '));
  EXPECT_EQ(code_of([&] { read_golden(dir / "g.json"); }), Code::over_limit);
}

}  // namespace
}  // namespace crayon::store
