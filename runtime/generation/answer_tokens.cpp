#include "runtime/generation/answer_tokens.h"

#include <algorithm>
#include <array>
#include <string>

namespace crayon::generation {
namespace {

/// The answer on its own, with one space at most where the tokenizer adds one by itself.
std::vector<Token> encoded_apart(std::string_view spoken, const tokenizer::Tokenizer& tokenizer) {
  if (tokenizer.data().add_space_prefix && spoken.starts_with(' ')) {
    spoken.remove_prefix(1);
  }
  return tokenizer.encode(spoken, {.add_bos = false});
}

}  // namespace

std::vector<Token> answer_tokens(std::span<const Token> prompt, std::span<const Turn> turns,
                                 std::string_view answer, const ChatFormat& format,
                                 const tokenizer::Tokenizer& tokenizer) {
  std::vector<Token> tokens = render_answered(turns, answer, format, tokenizer);
  if (tokens.size() >= prompt.size() && std::equal(prompt.begin(), prompt.end(), tokens.begin())) {
    tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(prompt.size()));
  } else {
    tokens = encoded_apart(spoken(answer, format), tokenizer);
  }
  if (const auto end = tokenizer.data().eos) {
    tokens.push_back(*end);
  }
  return tokens;
}

AnsweredPrompt answered_prompt(std::string_view content, std::string_view answer,
                               const ChatFormat& format, const tokenizer::Tokenizer& tokenizer) {
  const std::array turns = {Turn{"user", std::string(content)}};
  AnsweredPrompt result;
  result.prompt = render(turns, format, tokenizer);
  result.answer = answer_tokens(result.prompt, turns, answer, format, tokenizer);
  return result;
}

}  // namespace crayon::generation
