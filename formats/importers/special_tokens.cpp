#include "formats/importers/special_tokens.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "formats/importers/chat_template.h"

namespace crayon::importers {
namespace {

constexpr std::array<std::string_view, 7> turn_ends = {
    "<|im_end|>",       // ChatML
    "<|eot_id|>",       // Llama 3
    "<|eom_id|>",       // Llama 3.1, before a tool's answer
    "<|end_of_text|>",  // Llama 3
    "<|end|>",          // Phi-3
    "<|endoftext|>",    // GPT-2 and its heirs
    "<end_of_turn>",    // Gemma
};

}  // namespace

std::optional<std::uint8_t> byte_of_piece(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') {
    return std::nullopt;
  }
  std::uint8_t value = 0;
  const auto [end, error] = std::from_chars(piece.data() + 3, piece.data() + 5, value, 16);
  return error == std::errc() && end == piece.data() + 5 ? std::optional(value) : std::nullopt;
}

std::optional<formats::TokenType> sentencepiece_type(std::int64_t number) {
  using formats::TokenType;
  switch (number) {
    case 1:
      return TokenType::normal;
    case 2:
      return TokenType::unknown;
    case 3:
      return TokenType::control;
    case 4:
      return TokenType::user_defined;
    case 5:
      return TokenType::unused;
    case 6:
      return TokenType::byte;
    default:
      return std::nullopt;
  }
}

void complete_end_of_generation(formats::TokenizerData& tokenizer) {
  std::vector<formats::Token>& ends = tokenizer.end_of_generation;
  const auto add = [&ends](formats::Token token) {
    if (std::ranges::find(ends, token) == ends.end()) {
      ends.push_back(token);
    }
  };
  if (tokenizer.eos) {
    add(*tokenizer.eos);
  }
  for (std::size_t i = 0; i < tokenizer.pieces.size(); ++i) {
    if (tokenizer.types[i] == formats::TokenType::control &&
        std::ranges::find(turn_ends, tokenizer.pieces[i]) != turn_ends.end()) {
      add(static_cast<formats::Token>(i));
    }
  }
}

void set_chat_template(formats::TokenizerData& tokenizer, std::string_view source) {
  const auto spelling = [&](std::optional<formats::Token> token) {
    return token ? tokenizer.pieces[static_cast<std::size_t>(*token)] : std::string();
  };
  set_chat_format(tokenizer,
                  read_chat_template(source, {spelling(tokenizer.bos), spelling(tokenizer.eos)}));
}

}  // namespace crayon::importers
