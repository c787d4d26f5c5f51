#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/tokenizer/tokenizer.h"

namespace crayon::generation {

using formats::Token;

struct Turn {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
};

/// Names that a bundle's chat_format may have:
///  * plain: for base models, which know no turns: the form in which such models are commonly
///    asked and scored, "Question: ...\nAnswer:", one behind the other
///  * chatml: Qwen, SmolLM2 and many others
///  * llama2, llama3: Meta's; zephyr: Zephyr, TinyLlama
std::vector<std::string_view> chat_formats();

/// The tokens of a conversation, up to where the assistant begins to speak. Control tokens of
/// the format become tokens where the tokenizer has them and text where it has not; turns'
/// contents are never parsed for them. Throws bad_argument for an unknown format or role, or no
/// turn at all.
std::vector<Token> render(std::span<const Turn> turns, std::string_view chat_format,
                          const tokenizer::Tokenizer& tokenizer);

/// The same, followed by an answer as it stands in an assistant's turn of the format, without
/// what closes the turn: encoded in one go with the text before it.
std::vector<Token> render_answered(std::span<const Turn> turns, std::string_view answer,
                                   std::string_view chat_format,
                                   const tokenizer::Tokenizer& tokenizer);

/// `answer` as it follows a rendered conversation: with the space, if any, that the format puts
/// between the opening and what the assistant says. Throws bad_argument for an unknown format.
std::string spoken(std::string_view answer, std::string_view chat_format);

/// Texts that end an answer in this format, besides end tokens: a base model goes on with the
/// next question by itself. Throws bad_argument for an unknown format.
std::vector<std::string> chat_stops(std::string_view chat_format);

}  // namespace crayon::generation
