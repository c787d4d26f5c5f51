#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/tokenizer/tokenizer.h"

namespace crayon::generation {

struct Turn {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
};

/// Names that a bundle's chat_format may have.
std::vector<std::string_view> chat_formats();

/// The tokens of a conversation, up to where the assistant begins to speak. Turns' contents are
/// never parsed for control tokens. Throws bad_argument for an unknown format or role.
std::vector<Token> render(std::span<const Turn> turns, std::string_view chat_format,
                          const tokenizer::Tokenizer& tokenizer);

}  // namespace crayon::generation
