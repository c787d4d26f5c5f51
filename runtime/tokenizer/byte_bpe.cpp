// Byte-level BPE (Radford et al. 2019): a regular expression cuts the text into units, and in
// each unit pairs of tokens merge in order of rank, starting from the tokens of single bytes.
// CLIP's (Radford et al. 2021) has tokens of its own for bytes at the end of a unit, which tell
// where words end, and so none for white space.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/tokenizer/characters.h"
#include "runtime/tokenizer/encoder.h"
#include "runtime/tokenizer/merger.h"
#include "runtime/tokenizer/pieces.h"
#include "runtime/tokenizer/pre_tokenizer.h"
#include "runtime/tokenizer/printed.h"

namespace crayon::tokenizer {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenType;

bool is_in_text(TokenType type) {
  return type == TokenType::normal || type == TokenType::user_defined || type == TokenType::byte;
}

std::size_t hash(TokenizerData::Merge pair) {
  const auto key = std::uint64_t{static_cast<std::uint32_t>(pair.left)} << 32 |
                   static_cast<std::uint32_t>(pair.right);
  return static_cast<std::size_t>(key * 0x9e3779b97f4a7c15u >> 32);  // Fibonacci hashing
}

struct Same {
  const std::vector<TokenizerData::Merge>& merges;
  TokenizerData::Merge pair;
  bool operator()(std::uint32_t rank) const { return merges[rank] == pair; }
};

class ByteBpe : public Encoder {
 public:
  explicit ByteBpe(const TokenizerData& data)
      : data_(data),
        pieces_(data, is_in_text),
        pre_tokenizer_(data.pre_tokenizers),
        ranks_(data.merges.size()) {
    const bool marks_ends = data.kind == formats::TokenizerKind::clip_bpe;
    for (std::size_t byte = 0; byte < byte_tokens_.size(); ++byte) {
      std::string piece(1, static_cast<char>(byte));
      byte_tokens_[byte] = pieces_.find(piece);
      last_byte_tokens_[byte] = marks_ends ? pieces_.find(piece += word_end) : byte_tokens_[byte];
    }
    results_.reserve(data.merges.size());
    for (const TokenizerData::Merge merge : data.merges) {
      const auto rank = static_cast<std::uint32_t>(results_.size());
      results_.push_back(pieces_.find_joined(merge.left, merge.right));
      ranks_.insert(hash(merge), rank, Same{data.merges, merge});
    }
  }

  void encode(std::string_view text, TokenList& tokens) const override {
    const bool drops_white_space = data_.kind == formats::TokenizerKind::clip_bpe;
    Merger merger;
    for (const std::string_view unit : pre_tokenizer_.split(text)) {
      if (drops_white_space && leading_white_space(unit) == unit.size()) {
        continue;
      }
      const auto begin = static_cast<std::size_t>(unit.data() - text.data());
      const Token whole = data_.ignore_merges ? pieces_.find(unit) : no_token;
      if (whole != no_token) {
        tokens.add(whole, begin);
      } else {
        encode_unit(unit, begin, merger, tokens);
      }
    }
  }

 private:
  /// `begin`: where in the text the unit does.
  void encode_unit(std::string_view unit, std::size_t begin, Merger& merger,
                   TokenList& tokens) const {
    merger.clear();
    for (std::size_t i = 0; i < unit.size(); ++i) {
      const auto& tokens_of_bytes = i + 1 < unit.size() ? byte_tokens_ : last_byte_tokens_;
      const Token byte = tokens_of_bytes[static_cast<std::uint8_t>(unit[i])];
      if (byte != no_token) {
        merger.add(i, 1, byte);
      } else if (data_.unknown) {
        merger.add(i, 1, *data_.unknown);
      }  // else the byte is lost: a pruned vocabulary has nothing that could stand for it
    }
    merger.merge([&](const Symbol& left, const Symbol& right) -> MergeRule {
      const TokenizerData::Merge pair{left.token, right.token};
      const std::uint32_t rank = ranks_.find(hash(pair), Same{data_.merges, pair});
      return {rank, rank == HashIndex::none ? no_token : results_[rank]};
    });
    merger.for_each([&](const Symbol& symbol) { tokens.add(symbol.token, begin + symbol.begin); });
  }

  const TokenizerData& data_;
  PieceIndex pieces_;
  PreTokenizer pre_tokenizer_;
  std::array<Token, 256> byte_tokens_;       // [byte] -> token or no_token
  std::array<Token, 256> last_byte_tokens_;  // the same for the last byte of a unit
  HashIndex ranks_;                          // pair of tokens -> index in data_.merges
  std::vector<Token> results_;  // [rank]; no_token where a merge may not be used in text
};

}  // namespace

std::unique_ptr<const Encoder> make_byte_bpe(const TokenizerData& data) {
  return std::make_unique<ByteBpe>(data);
}

}  // namespace crayon::tokenizer
