// SentencePiece's BPE (Kudo and Richardson 2018): pieces merge in order of their scores, spaces
// are the character U+2581, and characters outside the vocabulary become their bytes' tokens.
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "runtime/tokenizer/encoder.h"
#include "runtime/tokenizer/merger.h"
#include "runtime/tokenizer/piece_index.h"
#include "runtime/tokenizer/printed.h"
#include "runtime/tokenizer/utf8.h"

namespace crayon::tokenizer {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenType;

/// A number that is lower for a higher score.
std::uint32_t rank_of(float score) {
  // Of positive floats the bits sort like the values, of negative ones the other way round.
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);  // + 0: -0 ranks like 0
  return (bits & 0x80000000u) != 0 ? bits : 0x7fffffffu - bits;
}

/// The first place after `begin` where a space mark follows something else, or the text's end.
std::size_t end_of_word(std::string_view text, std::size_t begin) {
  for (std::size_t at = begin + 1; (at = text.find(space_mark, at)) != std::string_view::npos;) {
    if (!text.substr(0, at).ends_with(space_mark)) {
      return at;
    }
    at += space_mark.size();
  }
  return text.size();
}

bool is_in_text(TokenType type) {
  return type == TokenType::normal || type == TokenType::user_defined;
}

class SentencePieceBpe : public Encoder {
 public:
  explicit SentencePieceBpe(const TokenizerData& data) : data_(data), pieces_(data, is_in_text) {
    byte_tokens_.fill(no_token);
    for (std::size_t token = 0; token < data.pieces.size(); ++token) {
      if (data.types[token] == TokenType::byte) {
        add_byte_token(static_cast<Token>(token));
      } else if (is_in_text(data.types[token])) {
        const std::string& piece = data.pieces[token];
        words_are_apart_ = words_are_apart_ && end_of_word(piece, 0) == piece.size();
      }
    }
  }

  void encode(std::string_view text, std::vector<Token>& tokens) const override {
    const std::string escaped = escape(text);
    Merger merger;
    bool after_unknown = false;
    for (std::size_t begin = 0; begin < escaped.size();) {
      const std::size_t end = words_are_apart_ ? end_of_word(escaped, begin) : escaped.size();
      merger.clear();
      while (begin < end) {
        const std::string_view rest = std::string_view(escaped).substr(begin, end - begin);
        const std::size_t size = next_char(rest).size;
        merger.add(begin, size, pieces_.find(rest.substr(0, size)));
        begin += size;
      }
      merger.merge([&](const Symbol& left, const Symbol& right) -> MergeRule {
        const Token token = pieces_.find({&escaped[left.begin], left.size + right.size});
        return {token == no_token ? 0 : rank_of(data_.scores[static_cast<std::size_t>(token)]),
                token};
      });
      merger.for_each([&](const Symbol& symbol) {
        if (symbol.token != no_token) {
          tokens.push_back(symbol.token);
          after_unknown = false;
        } else {
          after_unknown =
              append_bytes({&escaped[symbol.begin], symbol.size}, after_unknown, tokens);
        }
      });
    }
  }

 private:
  void add_byte_token(Token token) {
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

  std::string escape(std::string_view text) const {
    std::string escaped;
    escaped.reserve(text.size() + text.size() / 2);
    if (data_.add_space_prefix) {
      escaped += space_mark;
    }
    for (const char c : text) {
      if (c == ' ') {
        escaped += space_mark;
      } else {
        escaped += c;
      }
    }
    return escaped;
  }

  /// A character without a token: its bytes' tokens, or else the unknown token, one for a whole
  /// run of such characters as in SentencePiece. Returns whether that is what came last.
  bool append_bytes(std::string_view character, bool after_unknown,
                    std::vector<Token>& tokens) const {
    const auto token_of = [&](char c) { return byte_tokens_[static_cast<std::uint8_t>(c)]; };
    if (std::all_of(character.begin(), character.end(),
                    [&](char c) { return token_of(c) != no_token; })) {
      for (const char c : character) {
        tokens.push_back(token_of(c));
      }
      return false;
    }
    if (data_.unknown && !after_unknown) {
      tokens.push_back(*data_.unknown);
    }
    return data_.unknown.has_value();
  }

  const TokenizerData& data_;
  PieceIndex pieces_;
  std::array<Token, 256> byte_tokens_;  // [byte] -> token or no_token
  /// No piece goes on into a next word, as in most vocabularies: then words can be merged one by
  /// one, in a tenth of the time and little memory, with the same result.
  bool words_are_apart_ = true;
};

}  // namespace

std::unique_ptr<const Encoder> make_sentencepiece_bpe(const TokenizerData& data) {
  return std::make_unique<SentencePieceBpe>(data);
}

}  // namespace crayon::tokenizer
