#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/support.h"

namespace crayon::tokenizer::test {
namespace {

/// The merge of the highest score, of equal ones the leftmost, again and again. `text` is of
/// ASCII letters and spaces.
std::vector<std::string> encode_by_definition(const TokenizerData& data, std::string_view text) {
  std::vector<std::string> parts;
  for (const char c : text) {
    parts.emplace_back(c == ' ' ? "▁" : std::string(1, c));
  }
  while (true) {
    std::size_t best = parts.size();
    float best_score = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto piece = std::find(data.pieces.begin(), data.pieces.end(), parts[i] + parts[i + 1]);
      if (piece == data.pieces.end()) {
        continue;
      }
      const float score = data.scores[static_cast<std::size_t>(piece - data.pieces.begin())];
      if (best == parts.size() || score > best_score) {
        best = i;
        best_score = score;
      }
    }
    if (best == parts.size()) {
      return parts;
    }
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

/// Up to `max_size` letters a to c and spaces.
std::string random_words(Random& random, std::size_t max_size) {
  std::string text(random.below(max_size + 1), ' ');
  for (char& c : text) {
    c = "abc "[random.below(4)];
  }
  return text;
}

TEST(SentencePieceBpe, EqualsItsDefinitionOnRandomVocabularies) {
  Random random(8);
  for (int i = 0; i < 400; ++i) {
    TokenizerData data = sentencepiece({"a", "b", "c", "▁"});
    const bool words_are_apart = random.below(2) == 0;
    for (int j = 0; j < 40; ++j) {
      const std::string word = random_words(random, 4);
      const bool apart =
          word.find(' ', std::min(word.size(), word.find_first_not_of(' '))) == std::string::npos;
      const std::string piece = replaced(word, " ", "▁");
      if (!word.empty() && (apart || !words_are_apart) &&
          std::find(data.pieces.begin(), data.pieces.end(), piece) == data.pieces.end()) {
        add_piece(data, piece, TokenType::normal, static_cast<float>(random.below(10)));
      }
    }
    const Tokenizer tokenizer(data);
    for (int j = 0; j < 5; ++j) {
      const std::string text = random_words(random, 40);
      std::string expected;
      for (const std::string& part : encode_by_definition(data, text)) {
        expected.append(expected.empty() ? "" : "|").append(part);
      }
      ASSERT_EQ(pieces_of(data, tokenizer.encode(text)), expected) << text;
    }
  }
}

using Tokens = std::vector<Token>;

TEST(SentencePieceBpe, MergesTheHighestScoreFirst) {
  EXPECT_EQ(cut(sentencepiece({"ab", "bc", "a", "b", "c"}), "abc"), "ab|c");
  EXPECT_EQ(cut(sentencepiece({"bc", "ab", "a", "b", "c"}), "abc"), "a|bc");
}

TEST(SentencePieceBpe, MergesTheLeftmostOfEqualScores) {
  EXPECT_EQ(cut(sentencepiece({"aa", "a"}), "aaaaa"), "aa|aa|a");
}

TEST(SentencePieceBpe, MergesOnlyWhatPiecesLeadTo) {
  // "abcd" is a piece, but neither "abc" nor "bcd" nor "ab" + "cd" leads to it.
  EXPECT_EQ(cut(sentencepiece({"abcd", "bc", "a", "b", "c", "d"}), "abcd"), "a|bc|d");
  EXPECT_EQ(cut(sentencepiece({"abcd", "bc", "abc", "a", "b", "c", "d"}), "abcd"), "abcd");
}

TEST(SentencePieceBpe, ScoresMayBePositiveNegativeAndZero) {
  TokenizerData data = sentencepiece({});
  add_piece(data, "a", TokenType::normal, -9);
  add_piece(data, "ab", TokenType::normal, -0.5f);
  add_piece(data, "ba", TokenType::normal, 0.25f);
  add_piece(data, "b", TokenType::normal, -9);
  EXPECT_EQ(cut(data, "aba"), "a|ba");
  data.scores[static_cast<std::size_t>(id_of(data, "ab"))] = 3;
  EXPECT_EQ(cut(data, "aba"), "ab|a");
  data.scores[static_cast<std::size_t>(id_of(data, "ab"))] = 0;
  data.scores[static_cast<std::size_t>(id_of(data, "ba"))] = -0.0f;
  EXPECT_EQ(cut(data, "aba"), "ab|a") << "-0 and 0 are equal, so the left one goes first";
}

TEST(SentencePieceBpe, PutsASpaceInFrontWhenAsked) {
  TokenizerData data = sentencepiece({"▁a", "▁▁", "▁", "a"});
  EXPECT_EQ(cut(data, "a a"), "a|▁a");
  data.add_space_prefix = true;
  EXPECT_EQ(cut(data, "a a"), "▁a|▁a");
  EXPECT_EQ(cut(data, " a"), "▁|▁a");
  EXPECT_EQ(cut(data, ""), "");
  const Tokenizer tokenizer(data);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a a")), "a a");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a a"), false), " a a");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("  a")), "  a");
}

TEST(SentencePieceBpe, CollapsesSpacesWhenAsked) {
  TokenizerData data = sentencepiece({"▁a", "▁", "a"});
  data.add_space_prefix = true;
  EXPECT_EQ(cut(data, "  a   a "), "▁|▁|▁a|▁|▁|▁a|▁");
  data.remove_extra_whitespace = true;
  EXPECT_EQ(cut(data, "  a   a "), "▁a|▁a");
  EXPECT_EQ(cut(data, "   "), "");
}

TEST(SentencePieceBpe, FallsBackToBytes) {
  TokenizerData data = sentencepiece({"a", "ö"});
  const Token zero = add_byte_tokens(data);
  const Tokenizer tokenizer(data);
  const Token a = id_of(data, "a");
  EXPECT_EQ(tokenizer.encode("aé", {.add_bos = false}), (Tokens{a, zero + 0xc3, zero + 0xa9}));
  EXPECT_EQ(tokenizer.encode("ö", {.add_bos = false}), Tokens{id_of(data, "ö")});
  EXPECT_EQ(tokenizer.encode("\xff"
                             "a",
                             {.add_bos = false}),
            (Tokens{zero + 0xff, a}));
  EXPECT_EQ(tokenizer.bytes(zero + 0xff), "\xff");
  EXPECT_EQ(tokenizer.bytes(zero), std::string_view("\0", 1));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("aéa")), "aéa");
}

TEST(SentencePieceBpe, SpellingAByteTokenDoesNotMakeOne) {
  TokenizerData data = sentencepiece({"<0", "x4", "<0x4", "1>", "<", "0", "x", "4", "1", ">"});
  add_byte_tokens(data);
  EXPECT_EQ(cut(data, "<0x41>"), "<0x4|1>");
}

TEST(SentencePieceBpe, RunsOfUnknownCharactersAreOneUnknownToken) {
  const TokenizerData data = sentencepiece({"a"});
  EXPECT_EQ(cut(data,
                "axyza\xff\xfe"
                "a"),
            "a|<unk>|a|<unk>|a");
  TokenizerData none = data;
  none.unknown.reset();
  EXPECT_EQ(cut(none, "axyza"), "a|a");
}

TEST(SentencePieceBpe, RejectsAByteTokenThatNamesNoByte) {
  for (const char* piece : {"<0xGG>", "<0x1>", "<0x+1>", "0x41", "<0x041>", "A"}) {
    TokenizerData data = sentencepiece({"a"});
    add_piece(data, piece, TokenType::byte);
    EXPECT_EQ(crayon::test::code_of([&] { Tokenizer{data}; }), Code::bad_tokenizer) << piece;
  }
}

TEST(SentencePieceBpe, AMegabyteOfOneLetterTakesNoTime) {
  TokenizerData data = sentencepiece({"aaaaaaaa", "aaaa", "aa", "a"});
  const Tokenizer tokenizer(data);
  const double start = cpu_seconds();
  const Tokens tokens = tokenizer.encode(std::string(1 << 20, 'a'), {.add_bos = false});
  EXPECT_EQ(tokens, Tokens(1 << 17, id_of(data, "aaaaaaaa")));
  EXPECT_LT(cpu_seconds() - start, 30) << "an emulator takes 3 s; quadratic would be hours";
}

}  // namespace
}  // namespace crayon::tokenizer::test
