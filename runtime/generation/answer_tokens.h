#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "runtime/generation/chat_format.h"

namespace crayon::generation {

/// A question with an answer to it: what a model reads, and what it should go on with.
struct AnsweredPrompt {
  std::vector<Token> prompt;  ///< render() of the conversation
  std::vector<Token> answer;  ///< with the end-of-text token behind it, where there is one
};

/// The tokens of `answer` as they follow `prompt`, which is render() of the same conversation;
/// the end-of-text token comes last where the tokenizer has one. They are what encoding prompt and
/// answer in one go adds to the prompt alone: so models have seen them in training. Where the
/// answer would change the prompt's own last token, which a model that has read the prompt can no
/// longer undo, the answer is encoded apart. Throws bad_argument as render() does.
std::vector<Token> answer_tokens(std::span<const Token> prompt, std::span<const Turn> turns,
                                 std::string_view answer, const ChatFormat& format,
                                 const tokenizer::Tokenizer& tokenizer);

/// One user turn of this content with its answer.
AnsweredPrompt answered_prompt(std::string_view content, std::string_view answer,
                               const ChatFormat& format, const tokenizer::Tokenizer& tokenizer);

}  // namespace crayon::generation
