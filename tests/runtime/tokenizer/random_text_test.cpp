// Random bytes into tokenizers of each kind: nothing may crash, and nothing may be lost.
#include <gtest/gtest.h>

#include "runtime/tokenizer/utf8.h"
#include "tests/runtime/tokenizer/vocabularies.h"

namespace crayon::tokenizer::test {
namespace {

const std::vector<std::string> expressions = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    R"(\p{N})"};

/// A text of random bytes, now and then with special tokens' spellings.
std::string next_text(Random& random) {
  std::string text = random_bytes(random, 60);
  while (random.below(3) == 0) {
    const std::vector<std::string> spellings = {"<s>", "<user>", "<us", "▁", "<0x41>", "\xff<s>"};
    text.insert(random.below(text.size() + 1), spellings[random.below(spellings.size())]);
  }
  return text;
}

TEST(RandomText, RoundTripsThroughByteBpe) {
  Random random(4);
  for (int vocabulary = 0; vocabulary < 40; ++vocabulary) {
    TokenizerData data = random_byte_bpe(random, random.below(60));
    add_piece(data, "<user>", TokenType::user_defined);
    add_piece(data, "<s>", TokenType::control);
    data.ignore_merges = random.below(2) == 0;
    if (random.below(2) == 0) {
      data.pre_tokenizers = expressions;
    }
    const Tokenizer tokenizer(data);
    for (int i = 0; i < 250; ++i) {
      const std::string text = next_text(random);
      ASSERT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
      tokenizer.encode(text, {.parse_special = true});
    }
  }
}

TEST(RandomText, RoundTripsThroughSentencePieceWithByteFallback) {
  Random random(5);
  for (int vocabulary = 0; vocabulary < 40; ++vocabulary) {
    TokenizerData data = sentencepiece({"▁"});
    for (int i = 0; i < 100; ++i) {
      const std::string piece = replaced(random_text(random, 4), " ", "▁");
      add_piece(data, piece, TokenType::normal, static_cast<float>(random.normal()));
    }
    add_byte_tokens(data);
    data.add_space_prefix = random.below(2) == 0;
    const Tokenizer tokenizer(data);
    for (int i = 0; i < 250; ++i) {
      const std::string text = next_text(random);
      const std::string expected = replaced(text, "▁", " ");  // the mark itself reads as a space
      ASSERT_EQ(tokenizer.decode(tokenizer.encode(text)), expected);
      tokenizer.encode(text, {.parse_special = true});
    }
  }
}

TEST(RandomText, AnyVocabularyTakesAnyText) {
  Random random(6);
  for (int vocabulary = 0; vocabulary < 400; ++vocabulary) {
    const TokenizerData data = random_tokenizer(random);
    const Tokenizer tokenizer(data);
    for (int i = 0; i < 20; ++i) {
      const EncodeOptions options{.add_bos = true, .add_eos = true, .parse_special = i % 2 == 0};
      const std::vector<Token> tokens = tokenizer.encode(next_text(random), options);
      StreamDecoder decoder(tokenizer, true);
      std::string shown;
      for (const Token token : tokens) {
        ASSERT_GE(token, 0);
        ASSERT_LT(static_cast<std::size_t>(token), data.pieces.size());
        shown += decoder.push(token);
      }
      shown += decoder.finish();
      ASSERT_EQ(run_length(shown, true), shown.size());
    }
  }
}

}  // namespace
}  // namespace crayon::tokenizer::test
