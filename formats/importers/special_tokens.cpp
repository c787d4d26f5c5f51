#include "formats/importers/special_tokens.h"

#include <algorithm>
#include <array>
#include <charconv>

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

struct ChatMark {
  std::string_view mark;
  const char* format;
};

// In order: a template may mention a later mark in passing.
constexpr std::array chat_marks = {
    ChatMark{"<|im_start|>", "chatml"},
    ChatMark{"<|start_header_id|>", "llama3"},
    ChatMark{"[INST]", "llama2"},
    ChatMark{"<|end|>", "plain"},  // Phi-3: like Zephyr, but turns end otherwise
    ChatMark{"<|user|>", "zephyr"},
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

std::string recognize_chat_format(std::string_view chat_template) {
  for (const ChatMark& mark : chat_marks) {
    if (chat_template.find(mark.mark) != std::string_view::npos) {
      return mark.format;
    }
  }
  return "plain";
}

}  // namespace crayon::importers
