#include "runtime/tokenizer/sentencepiece.h"

#include <algorithm>
#include <cstdint>

#include "base/error.h"
#include "runtime/tokenizer/printed.h"

namespace crayon::tokenizer {

using formats::Token;
using formats::TokenizerData;
using formats::TokenType;

std::string mark_spaces(std::string_view text) {
  std::string marked;
  marked.reserve(text.size() + text.size() / 2);
  for (const char c : text) {
    if (c == ' ') {
      marked += space_mark;
    } else {
      marked += c;
    }
  }
  return marked;
}

void unmark_begins(std::string_view text, std::size_t first, TokenList& tokens) {
  if (tokens.begins == nullptr) {
    return;
  }
  std::size_t marked = 0;
  std::size_t at = 0;
  for (std::size_t i = first; i < tokens.begins->size(); ++i) {
    std::size_t& begin = (*tokens.begins)[i];
    for (; marked < begin; ++at) {
      marked += text[at] == ' ' ? space_mark.size() : 1;
    }
    begin = at;
  }
}

std::size_t end_of_word(std::string_view text, std::size_t begin) {
  for (std::size_t at = begin + 1; (at = text.find(space_mark, at)) != std::string_view::npos;) {
    if (!text.substr(0, at).ends_with(space_mark)) {
      return at;
    }
    at += space_mark.size();
  }
  return text.size();
}

bool words_are_apart(const TokenizerData& data) {
  for (std::size_t i = 0; i < data.pieces.size(); ++i) {
    const std::string& piece = data.pieces[i];
    if (is_text_type(data.types[i]) && end_of_word(piece, 0) < piece.size()) {
      return false;
    }
  }
  return true;
}

ByteFallback::ByteFallback(const TokenizerData& data) : data_(data) {
  byte_tokens_.fill(no_token);
  for (std::size_t i = 0; i < data.pieces.size(); ++i) {
    if (data.types[i] == TokenType::byte) {
      add(static_cast<Token>(i));
    }
  }
}

void ByteFallback::add(Token token) {
  const std::string& piece = data_.pieces[static_cast<std::size_t>(token)];
  const auto byte = byte_of_piece(piece);
  if (!byte) {
    throw Error(Code::bad_tokenizer,
                "pieces[" + std::to_string(token) + "] of the tokenizer is a byte token, but \"" +
                    piece + "\" is not between <0x00> and <0xFF>",
                "convert the model again from its original tokenizer");
  }
  Token& entry = byte_tokens_[static_cast<std::uint8_t>(*byte)];
  entry = entry == no_token ? token : entry;
}

void ByteFallback::append(std::string_view character, std::size_t begin, bool& after_unknown,
                          TokenList& tokens) const {
  const auto token_of = [&](char c) { return byte_tokens_[static_cast<std::uint8_t>(c)]; };
  if (std::all_of(character.begin(), character.end(),
                  [&](char c) { return token_of(c) != no_token; })) {
    for (const char c : character) {
      tokens.add(token_of(c), begin);
    }
    after_unknown = false;
    return;
  }
  if (data_.unknown && !after_unknown) {
    tokens.add(*data_.unknown, begin);
  }
  after_unknown = data_.unknown.has_value();
}

}  // namespace crayon::tokenizer
