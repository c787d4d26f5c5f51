#include "runtime/eval/scored_text.h"

#include <string>

#include "tests/support/support.h"

namespace crayon::eval {
namespace {

/// One token a byte, then <end> and ":x".
tokenizer::Tokenizer byte_level() {
  formats::TokenizerData data;
  data.kind = formats::TokenizerKind::byte_bpe;
  for (int byte = 0; byte < 256; ++byte) {
    data.pieces.emplace_back(1, static_cast<char>(byte));
    data.types.push_back(formats::TokenType::normal);
  }
  data.pieces.insert(data.pieces.end(), {"<end>", ":x"});
  data.types.insert(data.types.end(), {formats::TokenType::control, formats::TokenType::normal});
  data.merges = {{':', 'x'}};
  return tokenizer::Tokenizer(std::move(data));
}

/// The sequences with what counts in brackets, token by token.
std::string marked(std::string_view text, const TextScoring& scoring) {
  const tokenizer::Tokenizer tokenizer = byte_level();
  std::string result;
  for (const Sequence& sequence : sequences_of(text, scoring, tokenizer)) {
    for (std::size_t i = 0; i < sequence.tokens.size(); ++i) {
      const std::string& piece =
          tokenizer.data().pieces[static_cast<std::size_t>(sequence.tokens[i])];
      const bool counts = sequence.scored.empty() || sequence.scored[i];
      result += counts ? "[" + piece + "]" : piece;
    }
    result += "|";
  }
  return result;
}

TEST(ScoredText, AllOfOneDocumentCounts) {
  EXPECT_EQ(marked("abc", {}), "[a][b][c]|");
  EXPECT_EQ(marked("", {}), "");
}

TEST(ScoredText, DocumentsAreCutAtSeparators) {
  EXPECT_EQ(marked("a--b----c--", {.separator = "--"}), "[a]|[b]|[c]|");
}

TEST(ScoredText, RepliesCount) {
  const TextScoring replies{.separator = "\n\n", .after = "B:", .until = "<end>", .special = true};
  EXPECT_EQ(marked("U:q\nB:r<end>\nU:s\nB:t<end>\n\nno B\n\nB:u", replies),
            "U:q\nB:[r][<end>]\nU:s\nB:[t][<end>]|no B|B:[u]|");
}

TEST(ScoredText, WithoutAnEndTheRestOfTheDocumentCounts) {
  EXPECT_EQ(marked("U:q\nB:rB:s\n\nt", {.separator = "\n\n", .after = "B:"}),
            "U:q\nB:[r][B][:][s]|t|");
}

TEST(ScoredText, ControlTokensAreTextUnlessAskedFor) {
  EXPECT_EQ(marked("B:r<end>s", {.after = "B:", .until = "<end>"}), "B:[r][<][e][n][d][>]s|");
}

TEST(ScoredText, ATokenOverTheBeginningCountsAndOneOverTheEndDoesNot) {
  EXPECT_EQ(marked("B:xy", {.after = "B:"}), "B[:x][y]|");
  EXPECT_EQ(marked("By:x", {.after = "B", .until = ":"}), "B[y]:x|");
}

TEST(ScoredText, AnEndNeedsABeginning) {
  EXPECT_EQ(test::code_of([] { marked("a", {.until = "b"}); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::eval
