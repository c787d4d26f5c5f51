// SentencePiece's BPE (Kudo and Richardson 2018): pieces merge in order of their scores, spaces
// are the character U+2581, and characters outside the vocabulary become their bytes' tokens.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/tokenizer/encoder.h"
#include "runtime/tokenizer/merger.h"
#include "runtime/tokenizer/pieces.h"
#include "runtime/tokenizer/sentencepiece.h"
#include "runtime/tokenizer/utf8.h"

namespace crayon::tokenizer {
namespace {

using formats::Token;
using formats::TokenizerData;

/// A number that is lower for a higher score.
std::uint32_t rank_of(float score) {
  // Of positive floats the bits sort like the values, of negative ones the other way round.
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);  // + 0: -0 ranks like 0
  return (bits & 0x80000000u) != 0 ? bits : 0x7fffffffu - bits;
}

class SentencePieceBpe : public Encoder {
 public:
  explicit SentencePieceBpe(const TokenizerData& data)
      : data_(data),
        pieces_(data, is_text_type),
        fallback_(data),
        words_are_apart_(words_are_apart(data)) {}

  void encode(std::string_view text, TokenList& tokens) const override {
    const std::string marked = mark_spaces(text);
    const std::size_t before = tokens.tokens.size();
    Merger merger;
    bool after_unknown = false;
    for (std::size_t begin = 0; begin < marked.size();) {
      const std::size_t end = words_are_apart_ ? end_of_word(marked, begin) : marked.size();
      merger.clear();
      while (begin < end) {
        const std::string_view rest = std::string_view(marked).substr(begin, end - begin);
        const std::size_t size = next_char(rest).size;
        merger.add(begin, size, pieces_.find(rest.substr(0, size)));
        begin += size;
      }
      merger.merge([&](const Symbol& left, const Symbol& right) -> MergeRule {
        const Token token = pieces_.find({&marked[left.begin], left.size + right.size});
        return {token == no_token ? 0 : rank_of(data_.scores[static_cast<std::size_t>(token)]),
                token};
      });
      merger.for_each([&](const Symbol& symbol) {
        if (symbol.token != no_token) {
          tokens.add(symbol.token, symbol.begin);
          after_unknown = false;
        } else {
          fallback_.append({&marked[symbol.begin], symbol.size}, symbol.begin, after_unknown,
                           tokens);
        }
      });
    }
    unmark_begins(text, before, tokens);
  }

 private:
  const TokenizerData& data_;
  PieceIndex pieces_;
  ByteFallback fallback_;
  bool words_are_apart_;
};

}  // namespace

std::unique_ptr<const Encoder> make_sentencepiece_bpe(const TokenizerData& data) {
  return std::make_unique<SentencePieceBpe>(data);
}

}  // namespace crayon::tokenizer
