// A user's turn in pieces has the tokens of the whole.

#include "runtime/generation/open_turn.h"

#include <gtest/gtest.h>

#include "tests/runtime/generation/tiny_model.h"

namespace crayon::generation {
namespace {

class OpenTurns : public testing::TestWithParam<const char*> {
 protected:
  const tokenizer::Tokenizer& tokenizer_ = test::TinyModel::get().tokenizer();
  const ChatFormat& format_ = formats::chat_preset(GetParam());
};

TEST_P(OpenTurns, AreTheWholeTurn) {
  for (const std::string system : {"", "Be brief."}) {
    std::vector<Turn> turns;
    if (!system.empty()) {
      if (!format_.system) {
        continue;
      }
      turns.push_back({"system", system});
    }
    turns.push_back({"user", "One line.\nAnother <s> line.\nAnd a question?"});
    OpenTurn turn(system, format_, tokenizer_);
    std::vector<Token> tokens = turn.add("One line.");
    const std::size_t first = tokens.size();
    for (const auto& more : {turn.add("\nAnother <s> line."), turn.finish("\nAnd a question?")}) {
      tokens.insert(tokens.end(), more.begin(), more.end());
    }
    EXPECT_EQ(tokens, render(turns, format_, tokenizer_)) << system;
    EXPECT_GE(turn.pinned(), 1u);
    EXPECT_LT(turn.pinned(), first);
    EXPECT_EQ(rest_of_turn("\nAnd a question?", format_, tokenizer_),
              std::vector<Token>(
                  tokens.end() - static_cast<std::ptrdiff_t>(
                                     rest_of_turn("\nAnd a question?", format_, tokenizer_).size()),
                  tokens.end()));
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, OpenTurns, testing::Values("plain", "chatml", "llama3", "gemma"));

TEST(OpenTurn, PinsTheSystemTurn) {
  const tokenizer::Tokenizer& tokenizer = test::TinyModel::get().tokenizer();
  const ChatFormat& format = formats::chat_preset("chatml");
  const OpenTurn alone({}, format, tokenizer);
  const OpenTurn with("Never say more than three words.", format, tokenizer);
  EXPECT_GT(with.pinned(), alone.pinned() + 5);
}

}  // namespace
}  // namespace crayon::generation
