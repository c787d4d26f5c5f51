#include "runtime/generation/answer_tokens.h"

#include <string>
#include <vector>

#include "tests/support/support.h"

namespace crayon::generation {
namespace {

using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;
using tokenizer::Tokenizer;

/// Bytes, <s> and </s>, and what merges make of "Answer: yes" if `joined` also across the colon.
Tokenizer byte_level(bool joined) {
  TokenizerData data;
  data.kind = TokenizerKind::byte_bpe;
  for (int byte = 0; byte < 256; ++byte) {
    data.pieces.emplace_back(1, static_cast<char>(byte));
    data.types.push_back(TokenType::normal);
  }
  for (const char* control : {"<s>", "</s>"}) {
    data.pieces.emplace_back(control);
    data.types.push_back(TokenType::control);
  }
  data.bos = 256;
  data.eos = 257;
  data.add_bos = true;
  const std::string merged = joined ? ": " : " y";
  data.pieces.push_back(merged);
  data.types.push_back(TokenType::normal);
  data.merges.push_back({merged[0], merged[1]});
  return Tokenizer(std::move(data));
}

/// The pieces, apart.
std::string spell(const std::vector<Token>& tokens, const Tokenizer& tokenizer) {
  std::string text;
  for (const Token token : tokens) {
    text += tokenizer.data().pieces[static_cast<std::size_t>(token)] + "|";
  }
  return text;
}

TEST(AnswerTokens, FollowThePromptAndEndTheText) {
  const Tokenizer tokenizer = byte_level(false);
  const AnsweredPrompt result =
      answered_prompt("Sure?", "yes", formats::chat_preset("plain"), tokenizer);
  const std::vector<Turn> turns = {{"user", "Sure?"}};
  EXPECT_EQ(result.prompt, render(turns, formats::chat_preset("plain"), tokenizer));
  EXPECT_EQ(spell(result.answer, tokenizer), " y|e|s|</s>|");
  EXPECT_EQ(answer_tokens(result.prompt, turns, " yes\n", formats::chat_preset("plain"), tokenizer),
            result.answer)
      << "white space around an answer is not a part of it";
}

TEST(AnswerTokens, DoNotChangeThePrompt) {
  const Tokenizer tokenizer = byte_level(true);  // ": " would take the colon out of the prompt
  const AnsweredPrompt result =
      answered_prompt("Sure?", "no", formats::chat_preset("plain"), tokenizer);
  EXPECT_TRUE(spell(result.prompt, tokenizer).ends_with("r|:|"));
  EXPECT_EQ(spell(result.answer, tokenizer), " |n|o|</s>|");
}

TEST(AnswerTokens, StandAsTheFormatPutsThem) {
  const Tokenizer tokenizer = byte_level(false);
  const auto answer = [&](const char* format) {
    return spell(answered_prompt("Sure?", "no", formats::chat_preset(format), tokenizer).answer,
                 tokenizer);
  };
  EXPECT_EQ(answer("llama2"), " |n|o|</s>|");
  EXPECT_EQ(answer("chatml"), "n|o|</s>|");
  EXPECT_EQ(answer("llama3"), "n|o|</s>|");
  EXPECT_EQ(test::code_of([&] { answer("latin"); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::generation
