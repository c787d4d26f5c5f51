// CLIP's vocabulary against the ids of the tokenizer that was published with it (tests/data/clip).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "formats/importers/importers.h"
#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/support.h"

namespace crayon::tokenizer::test {
namespace {

struct Case {
  std::string text;
  std::string cleaned;  // what the published tokenizer makes of `text` before it cuts it
  std::vector<Token> ids;
};

class ClipConformance : public testing::Test {
 protected:
  void SetUp() override {
    CRAYON_ASSET(packed, "tokenizers/clip/bpe_simple_vocab_16e6.txt.gz");
    const crayon::test::TempDir folder;
    ASSERT_TRUE(unpack_gzip(packed, folder / "merges.txt"));
    tokenizer_.emplace(importers::import_tokenizer(folder / "merges.txt"));
  }

  std::vector<Token> encode(std::string_view text, bool parse_special = false) const {
    return tokenizer_->encode(text, {.add_bos = false, .parse_special = parse_special});
  }

  std::optional<Tokenizer> tokenizer_;
};

/// A list of the vectors' file; at least `least` entries.
std::vector<Case> cases(const char* list, std::size_t least) {
  constexpr std::uint64_t file_limit = 1 << 20;
  const auto all =
      nlohmann::json::parse(read_text(crayon::test::data() / "clip/tokens.json", file_limit));
  std::vector<Case> cases;
  for (const auto& one : all.at(list)) {
    const auto text = one.at("text").get<std::string>();
    cases.push_back({text, one.value("cleaned", text), one.at("ids").get<std::vector<Token>>()});
  }
  EXPECT_GE(cases.size(), least);
  return cases;
}

TEST_F(ClipConformance, PlainTexts) {
  for (const Case& one : cases("plain", 350)) {
    EXPECT_EQ(encode(one.text), one.ids) << '"' << one.text << '"';
  }
}

TEST_F(ClipConformance, SpecialTokensWhereTheyAreAskedFor) {
  for (const Case& one : cases("special", 3)) {
    EXPECT_EQ(encode(one.text, true), one.ids) << '"' << one.text << '"';
    EXPECT_NE(encode(one.text), one.ids) << '"' << one.text << '"';
  }
}

TEST_F(ClipConformance, TextsAreNotCleaned) {
  for (const Case& one : cases("cleaned", 30)) {
    EXPECT_EQ(encode(one.cleaned), one.ids) << '"' << one.text << '"';
    EXPECT_NE(encode(one.text), one.ids) << '"' << one.text << "\" is plain";
  }
}

TEST_F(ClipConformance, KnownDifferences) {
  for (const Case& one : cases("different", 1)) {
    EXPECT_NE(encode(one.text, true), one.ids) << '"' << one.text << "\" is no difference";
  }
}

}  // namespace
}  // namespace crayon::tokenizer::test
