#include "runtime/tokenizer/printed.h"

#include <charconv>
#include <cstddef>

namespace crayon::tokenizer {

using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;

std::optional<char> byte_of_piece(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') {
    return std::nullopt;
  }
  unsigned value = 0;
  const char* const digits = piece.data() + 3;
  const auto [end, error] = std::from_chars(digits, digits + 2, value, 16);
  if (error != std::errc() || end != digits + 2) {
    return std::nullopt;
  }
  return static_cast<char>(value);
}

std::string spelling(const TokenizerData& data, formats::Token token) {
  std::string_view piece = data.pieces[static_cast<std::size_t>(token)];
  if (!formats::has_scores(data.kind)) {
    return std::string(piece);
  }
  std::string text;
  for (std::size_t mark; (mark = piece.find(space_mark)) != std::string_view::npos;) {
    text.append(piece.substr(0, mark)) += ' ';
    piece.remove_prefix(mark + space_mark.size());
  }
  return text.append(piece);
}

std::string printed(const TokenizerData& data, formats::Token token) {
  const auto index = static_cast<std::size_t>(token);
  switch (data.types[index]) {
    case TokenType::control:
    case TokenType::unknown:
      return {};
    case TokenType::byte:
      if (const auto byte = byte_of_piece(data.pieces[index]);
          byte && formats::has_scores(data.kind)) {
        return {*byte};
      }
      break;
    case TokenType::normal:
      if (const std::string& piece = data.pieces[index];
          data.kind == TokenizerKind::clip_bpe && piece.ends_with(word_end)) {
        return piece.substr(0, piece.size() - word_end.size()) + ' ';
      }
      break;
    case TokenType::user_defined:
    case TokenType::unused:
      break;
  }
  return spelling(data, token);
}

}  // namespace crayon::tokenizer
