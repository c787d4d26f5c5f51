#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/tokenizer_data.h"
#include "runtime/tokenizer/hash_index.h"

namespace crayon::tokenizer {

constexpr formats::Token no_token = -1;

/// Piece -> token, of the tokens that text may become. Two tokens with the same piece: the first.
class PieceIndex {
 public:
  /// Keeps a reference to `data`. `in_text(type)` says which tokens to take.
  template <typename InText>
  PieceIndex(const formats::TokenizerData& data, const InText& in_text)
      : pieces_(data.pieces), index_(data.pieces.size()) {
    for (std::size_t token = 0; token < pieces_.size(); ++token) {
      const std::string& piece = pieces_[token];
      if (!piece.empty() && in_text(data.types[token])) {
        index_.insert(hash(piece), static_cast<std::uint32_t>(token), Same{pieces_, piece});
        longest_ = std::max(longest_, piece.size());
      }
    }
  }

  /// The token, or no_token.
  formats::Token find(std::string_view piece) const {
    if (piece.size() > longest_) {
      return no_token;  // without this, hashing ever longer candidates would be quadratic
    }
    return static_cast<formats::Token>(index_.find(hash(piece), Same{pieces_, piece}));
  }

 private:
  static std::size_t hash(std::string_view piece) { return std::hash<std::string_view>{}(piece); }
  struct Same {
    const std::vector<std::string>& pieces;
    std::string_view piece;
    bool operator()(std::uint32_t token) const { return pieces[token] == piece; }
  };

  const std::vector<std::string>& pieces_;
  HashIndex index_;
  std::size_t longest_ = 0;  // bytes
};

static_assert(static_cast<formats::Token>(HashIndex::none) == no_token);

}  // namespace crayon::tokenizer
