#include <fmt/format.h>

#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "formats/importers/tokenizer_json.h"

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenType;

constexpr std::int64_t no_merge = -1;

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw Error(Code::unsupported,
              fmt::format("{}: the merges are not those of a SentencePiece model: {}", where, what),
              "import the model from a GGUF, which has the scores");
}

std::uint64_t key_of(Token left, Token right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

class Scorer {
 public:
  Scorer(TokenizerData& data, const std::vector<TokenizerData::Merge>& merges,
         const std::string& where)
      : data_(data), merges_(merges), where_(where), first_rank_(data.pieces.size(), no_merge) {
    for (std::size_t i = 0; i < data.pieces.size(); ++i) {
      if (data.types[i] == TokenType::normal) {
        ids_.emplace(data.pieces[i], static_cast<Token>(i));
      } else if (data.types[i] == TokenType::user_defined) {
        user_defined_.insert(data.pieces[i]);
      }
    }
  }

  void run() {
    rank_pieces();
    data_.scores.assign(data_.pieces.size(), 0.0f);
    for (std::size_t i = 0; i < data_.pieces.size(); ++i) {
      if (first_rank_[i] != no_merge) {
        data_.scores[i] = -static_cast<float>(first_rank_[i]);
        check_splits(i);
      } else if (data_.types[i] == TokenType::normal && has_split(data_.pieces[i])) {
        data_.types[i] = TokenType::unused;
      }
    }
  }

 private:
  const std::string& piece(Token token) const {
    return data_.pieces[static_cast<std::size_t>(token)];
  }

  bool is_special(const std::string& text) const { return user_defined_.contains(text); }

  void rank_pieces() {
    Token last = -1;
    for (std::size_t rank = 0; rank < merges_.size(); ++rank) {
      const auto [left, right] = merges_[rank];
      if (is_special(piece(left)) || is_special(piece(right)) ||
          is_special(piece(left) + piece(right))) {
        continue;  // found in text before any merging, so that no merge meets or makes it (Gemma)
      }
      pairs_.insert(key_of(left, right));
      const auto made = ids_.find(piece(left) + piece(right));
      if (made == ids_.end()) {
        fail(where_, fmt::format("no normal piece is {}{}", piece(left), piece(right)));
      }
      std::int64_t& first = first_rank_[static_cast<std::size_t>(made->second)];
      if (first != no_merge && made->second != last) {
        fail(where_, fmt::format("the pairs that make {} do not lie together", made->first));
      }
      if (first == no_merge) {
        first = static_cast<std::int64_t>(rank);
      }
      last = made->second;
    }
  }

  // Calls `visit(left, right)` for every way to split a piece into two.
  template <typename Visit>
  void for_each_split(const std::string& text, const Visit& visit) const {
    for (std::size_t i = 1; i < text.size(); ++i) {
      const auto left = ids_.find(text.substr(0, i));
      if (left == ids_.end()) {
        continue;
      }
      const auto right = ids_.find(text.substr(i));
      if (right != ids_.end()) {
        visit(left->second, right->second);
      }
    }
  }

  bool has_split(const std::string& text) const {
    bool found = false;
    for_each_split(text, [&found](Token, Token) { found = true; });
    return found;
  }

  void check_splits(std::size_t token) const {
    for_each_split(data_.pieces[token], [&](Token left, Token right) {
      if (!pairs_.contains(key_of(left, right))) {
        fail(where_,
             fmt::format("{} and {} make a piece, but are no pair", piece(left), piece(right)));
      }
    });
  }

  TokenizerData& data_;
  const std::vector<TokenizerData::Merge>& merges_;
  const std::string& where_;
  std::unordered_map<std::string, Token> ids_;    // of the normal pieces
  std::unordered_set<std::string> user_defined_;  // pieces
  std::unordered_set<std::uint64_t> pairs_;
  std::vector<std::int64_t> first_rank_;  // by token
};

}  // namespace

void merge_scores(TokenizerData& tokenizer, const std::vector<TokenizerData::Merge>& merges,
                  const std::string& where) {
  Scorer(tokenizer, merges, where).run();
}

}  // namespace crayon::importers
