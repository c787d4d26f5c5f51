#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <limits>

#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/support.h"

namespace crayon::tokenizer::test {
namespace {

using Tokens = std::vector<Token>;
using Scored = std::vector<std::pair<std::string, float>>;

/// <unk> 0, <s> 1, </s> 2, then the pieces.
TokenizerData unigram(const Scored& pieces) {
  TokenizerData data = sentencepiece({});
  data.kind = TokenizerKind::unigram;
  for (const auto& [piece, score] : pieces) {
    add_piece(data, piece, TokenType::normal, score);
  }
  return data;
}

/// The best sum of scores over all ways to cut `text`, of ASCII letters, tried one by one. A
/// letter that is no piece costs `unknown`.
double best_score_by_definition(const Scored& pieces, std::string_view text, double unknown) {
  if (text.empty()) {
    return 0;
  }
  double best = -std::numeric_limits<double>::infinity();
  bool covered = false;
  for (const auto& [piece, score] : pieces) {
    if (text.starts_with(piece)) {
      const std::string_view rest = text.substr(piece.size());
      best = std::max(best, score + best_score_by_definition(pieces, rest, unknown));
      covered = covered || piece.size() == 1;
    }
  }
  return covered
             ? best
             : std::max(best, unknown + best_score_by_definition(pieces, text.substr(1), unknown));
}

std::string random_letters(Random& random, std::size_t least, std::size_t most) {
  std::string text(least + random.below(most - least + 1), ' ');
  for (char& c : text) {
    c = static_cast<char>('a' + random.below(3));
  }
  return text;
}

TEST(Unigram, TakesTheLargestSumOfScores) {
  // abc: a+bc = -3, ab+c = -4, a+b+c = -6.
  const Scored pieces = {{"a", -1}, {"b", -3}, {"c", -2}, {"ab", -2}, {"bc", -2}};
  EXPECT_EQ(Tokenizer(unigram(pieces)).encode("abc", {.add_bos = false}), (Tokens{3, 7}));
  Scored likelier = pieces;
  likelier[3].second = -0.5f;  // ab+c = -2.5
  EXPECT_EQ(Tokenizer(unigram(likelier)).encode("abc", {.add_bos = false}), (Tokens{6, 5}));
  // One long piece need not be better than two short ones.
  EXPECT_EQ(cut(unigram({{"a", -1}, {"b", -1}, {"ab", -2.5f}}), "ab"), "a|b");
}

TEST(Unigram, OfEqualSumsTheOneWithTheLongerLastPieceWins) {
  EXPECT_EQ(cut(unigram({{"a", -1}, {"aa", -1}}), "aaa"), "a|aa");
  EXPECT_EQ(cut(unigram({{"a", -1}, {"b", -1}, {"ab", -2}}), "ab"), "ab");
}

TEST(Unigram, EqualsTheBestOfAllSegmentations) {
  Random random(11);
  for (int i = 0; i < 200; ++i) {
    Scored pieces;
    double least = 0;
    for (std::size_t j = 1 + random.below(12); j > 0; --j) {
      const std::string piece = random_letters(random, 1, 3);
      const auto same = [&](const auto& other) { return other.first == piece; };
      if (std::none_of(pieces.begin(), pieces.end(), same)) {
        pieces.emplace_back(piece, -static_cast<float>(random.below(64)) / 8);
        least = std::min<double>(least, pieces.back().second);
      }
    }
    least = pieces[0].second;
    for (const auto& [piece, score] : pieces) {
      least = std::min<double>(least, score);
    }
    TokenizerData data = unigram(pieces);
    const Token zero = add_byte_tokens(data);  // so that unknown letters can be counted
    const Tokenizer tokenizer(data);
    for (int j = 0; j < 10; ++j) {
      const std::string text = random_letters(random, 0, 9);
      double score = 0;
      const Tokens tokens = tokenizer.encode(text, {.add_bos = false});
      for (const Token token : tokens) {
        score += token >= zero ? least - 10 : data.scores[static_cast<std::size_t>(token)];
      }
      ASSERT_DOUBLE_EQ(score, best_score_by_definition(pieces, text, least - 10)) << text;
      ASSERT_EQ(tokenizer.decode(tokens), text);
    }
  }
}

TEST(Unigram, AnUnknownCharacterCostsTenMoreThanTheLeastLikelyPiece) {
  // xb is a piece of -13 and x is none: x unknown + b = (-13 - 10) - 1, so xb it is, unless b is
  // so likely that it pays.
  EXPECT_EQ(cut(unigram({{"b", -1}, {"xb", -13}}), "xb"), "xb");
  EXPECT_EQ(cut(unigram({{"b", 11}, {"xb", -13}}), "xb"), "<unk>|b");
  EXPECT_EQ(cut(unigram({{"b", 9}, {"xb", -13}}), "xb"), "xb");
}

TEST(Unigram, UnknownCharactersAreOneTokenOrTheirBytes) {
  TokenizerData data = unigram({{"a", -1}, {"é", -1}});
  EXPECT_EQ(cut(data, "aéxöa\xff"), "a|é|<unk>|a|<unk>");
  const Token zero = add_byte_tokens(data);
  EXPECT_EQ(Tokenizer(data).encode("aö\xff", {.add_bos = false}),
            (Tokens{3, zero + 0xc3, zero + 0xb6, zero + 0xff}));
}

TEST(Unigram, SpacesAreMarksAndWordsMayShareAPiece) {
  TokenizerData data = unigram({{"▁a", -1}, {"▁", -2}, {"a", -2}, {"b", -2}});
  data.add_space_prefix = true;
  EXPECT_EQ(cut(data, "a b"), "▁a|▁|b");
  EXPECT_EQ(Tokenizer(data).decode(Tokenizer(data).encode("a  b")), "a  b");
  add_piece(data, "a▁b", TokenType::normal, -0.5f);
  EXPECT_EQ(cut(data, "a b"), "▁|a▁b");
}

TEST(Unigram, OnlyNormalPiecesAreMadeOfText) {
  TokenizerData data = unigram({{"a", -5}, {"b", -5}, {"ab", -1}});
  EXPECT_EQ(cut(data, "ab"), "ab");
  data.types.back() = TokenType::unused;
  EXPECT_EQ(cut(data, "ab"), "a|b");
  data.types.back() = TokenType::control;
  EXPECT_EQ(cut(data, "ab"), "a|b");
}

TEST(Unigram, AMegabyteOfOneLetterTakesNoTime) {
  const Tokenizer tokenizer(unigram({{"a", -2}, {"aaaa", -3}}));
  const double start = cpu_seconds();
  EXPECT_EQ(tokenizer.encode(std::string(1 << 20, 'a'), {.add_bos = false}),
            Tokens(1 << 18, Token{4}));
  EXPECT_LT(cpu_seconds() - start, 30) << "an emulator takes 3 s; quadratic would be hours";
}

}  // namespace
}  // namespace crayon::tokenizer::test
