#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "formats/importers/random_parts.h"
#include "formats/importers/special_tokens.h"

namespace crayon::importers {
namespace {

using formats::TokenizerData;
using formats::TokenType;

void add_token(TokenizerData& data, std::string piece, TokenType type) {
  // Merges prefer a higher score, so an earlier piece.
  data.scores.push_back(-static_cast<float>(data.pieces.size()));
  data.pieces.push_back(std::move(piece));
  data.types.push_back(type);
}

TokenizerData ascii_tokenizer() {
  constexpr std::array<std::string_view, 30> merged = {
      "\u2581t", "\u2581a",   "he",       "in",  "re",        "on",      "er",      "\u2581s",
      "nd",      "ou",        "at",       "is",  "it",        "en",      "or",      "es",
      "an",      "ed",        "th",       "ing", "\u2581the", "\u2581w", "\u2581o", "\u2581b",
      "ll",      "\u2581and", "\u2581to", "ar",  "st",        "al"};
  TokenizerData data;
  add_token(data, "<unk>", TokenType::unknown);
  add_token(data, "<s>", TokenType::control);
  add_token(data, "</s>", TokenType::control);
  for (int byte = 0; byte < 256; ++byte) {
    add_token(data, fmt::format("<0x{:02X}>", byte), TokenType::byte);
  }
  add_token(data, "\u2581", TokenType::normal);
  for (char character = '!'; character <= '~'; ++character) {
    add_token(data, std::string(1, character), TokenType::normal);
  }
  for (const std::string_view piece : merged) {
    add_token(data, std::string(piece), TokenType::normal);
  }
  data.unknown = 0;
  data.bos = 1;
  data.eos = 2;
  data.add_bos = true;
  data.add_space_prefix = true;
  return data;
}

}  // namespace

TokenizerData random_model_tokenizer(std::uint32_t size) {
  TokenizerData data = ascii_tokenizer();
  if (size < data.pieces.size()) {
    throw Error(Code::unsupported,
                fmt::format("a vocabulary of {} tokens is too small for the {} that a random "
                            "model's tokenizer needs",
                            size, data.pieces.size()),
                "choose a larger model");
  }
  while (data.pieces.size() < size) {
    // Text never holds them, but a random model says them.
    add_token(data, fmt::format("\u2581token{}", data.pieces.size()), TokenType::normal);
  }
  complete_end_of_generation(data);
  return data;
}

}  // namespace crayon::importers
