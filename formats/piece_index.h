#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/hash_index.h"
#include "formats/text_hash.h"
#include "formats/tokenizer_data.h"

namespace crayon::formats {

constexpr Token no_token = -1;

/// Piece -> token, of some of a tokenizer's tokens. Two tokens with the same piece: the first.
class PieceIndex {
 public:
  /// Keeps a reference to `data`. `in_text(type)` says which tokens to take.
  template <typename InText>
  PieceIndex(const TokenizerData& data, const InText& in_text)
      : pieces_(data.pieces), index_(data.pieces.size()) {
    hashes_.reserve(pieces_.size());
    for (std::size_t token = 0; token < pieces_.size(); ++token) {
      const std::string& piece = pieces_[token];
      hashes_.push_back(TextHash::of(piece));
      if (!piece.empty() && in_text(data.types[token])) {
        index_.insert(hashes_.back().hash, static_cast<std::uint32_t>(token),
                      [&](std::uint32_t other) { return pieces_[other] == piece; });
        longest_ = std::max(longest_, piece.size());
      }
    }
  }

  /// The token, or no_token.
  Token find(std::string_view piece) const {
    if (piece.size() > longest_) {
      return no_token;  // without this, hashing ever longer candidates would be quadratic
    }
    return found(TextHash::of(piece).hash,
                 [&](std::uint32_t token) { return pieces_[token] == piece; });
  }

  /// The token whose piece is that of `left` and that of `right`, or no_token. The concatenation is
  /// neither made nor hashed: a vocabulary has hundreds of thousands of merges to look up.
  Token find_joined(Token left, Token right) const {
    const auto l = static_cast<std::size_t>(left);
    const auto r = static_cast<std::size_t>(right);
    const std::string_view front = pieces_[l];
    const std::string_view back = pieces_[r];
    if (front.size() + back.size() > longest_) {
      return no_token;
    }
    return found(TextHash::joined(hashes_[l], hashes_[r]).hash, [&](std::uint32_t token) {
      const std::string_view piece = pieces_[token];
      return piece.size() == front.size() + back.size() && piece.starts_with(front) &&
             piece.ends_with(back);
    });
  }

 private:
  template <typename Matches>
  Token found(std::uint64_t hash, const Matches& matches) const {
    return static_cast<Token>(index_.find(static_cast<std::size_t>(hash), matches));
  }

  const std::vector<std::string>& pieces_;
  std::vector<TextHash::Value> hashes_;  // [token]
  HashIndex index_;
  std::size_t longest_ = 0;  // bytes
};

static_assert(static_cast<Token>(HashIndex::none) == no_token);

}  // namespace crayon::formats
