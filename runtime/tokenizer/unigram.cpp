// Unigram language model (Kudo 2018): of all ways to cut a text into pieces, the one whose scores,
// logarithms of probabilities, have the largest sum. Found by the algorithm of Viterbi (1967): for
// every place in the text the best way to get there, from front to back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "runtime/tokenizer/encoder.h"
#include "runtime/tokenizer/prefix_index.h"
#include "runtime/tokenizer/sentencepiece.h"
#include "runtime/tokenizer/utf8.h"

namespace crayon::tokenizer {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenType;

/// How much less likely than the least likely piece a character without a piece is.
constexpr double unknown_penalty = 10.0;

constexpr double unreached = -std::numeric_limits<double>::infinity();

/// The best way to a place in the text: the sum of its scores, and its last piece.
struct Place {
  double score = unreached;
  std::uint32_t begin = 0;  // byte where the piece begins
  Token token = no_token;   // no_token: a character that no piece covers
};

bool is_piece(const TokenizerData& data, std::size_t token) {
  return data.types[token] == TokenType::normal && !data.pieces[token].empty();
}

PrefixIndex index_of(const TokenizerData& data) {
  std::vector<PrefixIndex::Entry> entries;
  for (std::size_t i = 0; i < data.pieces.size(); ++i) {
    if (is_piece(data, i)) {
      entries.push_back({data.pieces[i], static_cast<std::uint32_t>(i)});
    }
  }
  return PrefixIndex(std::move(entries));
}

double unknown_score_of(const TokenizerData& data) {
  double least = 0;
  bool first = true;
  for (std::size_t i = 0; i < data.pieces.size(); ++i) {
    if (is_piece(data, i)) {
      least = first ? data.scores[i] : std::min<double>(least, data.scores[i]);
      first = false;
    }
  }
  return least - unknown_penalty;
}

class Unigram : public Encoder {
 public:
  explicit Unigram(const TokenizerData& data)
      : data_(data),
        pieces_(index_of(data)),
        unknown_score_(unknown_score_of(data)),
        fallback_(data),
        words_are_apart_(words_are_apart(data)) {}

  void encode(std::string_view text, TokenList& tokens) const override {
    const std::string marked = mark_spaces(text);
    const std::size_t before = tokens.tokens.size();
    std::vector<Place> places;
    std::vector<Place> path;
    bool after_unknown = false;
    for (std::size_t begin = 0; begin < marked.size();) {
      const std::size_t end = words_are_apart_ ? end_of_word(marked, begin) : marked.size();
      const std::string_view word = std::string_view(marked).substr(begin, end - begin);
      find_best(word, places);
      path.clear();
      for (std::size_t at = word.size(); at > 0; at = places[at].begin) {
        path.push_back(places[at]);
      }
      std::size_t piece_begin = 0;
      for (std::size_t i = path.size(); i-- > 0;) {
        const std::size_t piece_end = i > 0 ? path[i - 1].begin : word.size();
        if (path[i].token != no_token) {
          tokens.add(path[i].token, begin + piece_begin);
          after_unknown = false;
        } else {
          fallback_.append(word.substr(piece_begin, piece_end - piece_begin), begin + piece_begin,
                           after_unknown, tokens);
        }
        piece_begin = piece_end;
      }
      begin = end;
    }
    unmark_begins(text, before, tokens);
  }

 private:
  /// Fills places[0 to size of `word`]. Of ways with one score the first stays, the one whose
  /// last piece is longest.
  void find_best(std::string_view word, std::vector<Place>& places) const {
    places.assign(word.size() + 1, {});
    places[0].score = 0;
    for (std::size_t begin = 0; begin < word.size();) {
      const std::string_view rest = word.substr(begin);
      const std::size_t character = next_char(rest).size;
      bool covered = false;
      const auto offer = [&](std::size_t size, double score, Token token) {
        Place& place = places[begin + size];
        if (places[begin].score + score > place.score) {
          place = {places[begin].score + score, static_cast<std::uint32_t>(begin), token};
        }
      };
      pieces_.for_each(rest, [&](std::uint32_t token, std::size_t size) {
        offer(size, data_.scores[token], static_cast<Token>(token));
        covered = covered || size == character;
      });
      if (!covered) {
        offer(character, unknown_score_, no_token);
      }
      begin += character;
    }
  }

  const TokenizerData& data_;
  PrefixIndex pieces_;
  double unknown_score_;
  ByteFallback fallback_;
  bool words_are_apart_;
};

}  // namespace

std::unique_ptr<const Encoder> make_unigram(const TokenizerData& data) {
  return std::make_unique<Unigram>(data);
}

}  // namespace crayon::tokenizer
