// Words in real vocabularies: whose pieces get which weight.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "formats/importers/importers.h"
#include "runtime/emphasis/token_weights.h"
#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/support.h"

namespace crayon::emphasis {
namespace {

using tokenizer::Tokenizer;

/// The texts of runs of tokens that have one weight other than 1, and that weight.
std::string emphasised_words(const Tokenizer& tokenizer, std::string_view source) {
  const EmphasisedText emphasised = parse(source);
  const tokenizer::EncodeOptions options{.add_eos = true};
  const TokenWeights result = token_weights(tokenizer, emphasised, options);
  EXPECT_EQ(result.tokens, tokenizer.encode(emphasised.text, options)) << source;
  EXPECT_EQ(result.weights.size(), result.tokens.size());
  std::string words;
  float before = 1;
  for (std::size_t i = 0; i < result.weights.size(); ++i) {
    const float weight = result.weights[i];
    if (weight != before && before != 1) {
      words += fmt::format("*{};", before);
    }
    if (weight != 1) {
      words += tokenizer.bytes(result.tokens[i]);
    }
    before = weight;
  }
  return words + (before == 1 ? "" : fmt::format("*{};", before));
}

/// What holds for vocabularies whose pieces have the space in front of a word.
void expect_words(const Tokenizer& tokenizer) {
  const auto words = [&](std::string_view source) { return emphasised_words(tokenizer, source); };
  EXPECT_EQ(words("a photo of a red car"), "");
  EXPECT_EQ(words("a photo of a (red:1.5) car"), " red*1.5;");
  EXPECT_EQ(words("a photo of a red (car:2)"), " car*2;");
  EXPECT_EQ(words("say (antidisestablishmentarianism:3), please"),
            " antidisestablishmentarianism*3;");
  EXPECT_EQ(words("say antidis(establish:3)mentarianism."), " antidisestablishmentarianism*3;");
  EXPECT_EQ(words("ein (Überraschungsgast:2)!"), " Überraschungsgast*2;");
  EXPECT_EQ(words("so (naïve:0.5) and (Привет:2)"), " naïve*0.5; Привет*2;");
  EXPECT_EQ(words("the (dog:2)'s ball"), " dog*2;");
  EXPECT_EQ(words("one \\((two:2)\\) three"), "two*2;");
  EXPECT_EQ(words("a (🦜:2) here"), " 🦜*2;");
  EXPECT_EQ(words("in (1984:2)."), " 1984*2;");
}

TEST(RealVocabularies, Gpt2) {
  CRAYON_ASSET(folder, "tokenizers/gpt2");
  const Tokenizer tokenizer(importers::import_tokenizer(folder));
  expect_words(tokenizer);
  EXPECT_EQ(emphasised_words(tokenizer, "(Antidisestablishment:2) it is"),
            "Antidisestablishment*2;");
  EXPECT_EQ(emphasised_words(tokenizer, "我喜欢(红色:2)的车"), "红色*2;");
}

TEST(RealVocabularies, SmolLm2) {
  CRAYON_ASSET(folder, "tokenizers/smollm2");
  const Tokenizer tokenizer(importers::import_tokenizer(folder));
  expect_words(tokenizer);
  EXPECT_EQ(emphasised_words(tokenizer, "line\n\n(red:2)\nline"), "red*2;");
}

TEST(RealVocabularies, Llama2OfSentencePiece) {
  CRAYON_ASSET(file, "tokenizers/llama2/tokenizer.model");
  const Tokenizer tokenizer(importers::import_tokenizer(file));
  expect_words(tokenizer);
  EXPECT_EQ(emphasised_words(tokenizer, "(red:2) car"), " red*2;");
  EXPECT_EQ(emphasised_words(tokenizer, "我喜欢(红色:2)的车"), "红色*2;");
  EXPECT_EQ(emphasised_words(tokenizer, "a (𓀀:2) b"), " 𓀀*2;") << "bytes of one character";
}

TEST(RealVocabularies, Clip) {
  CRAYON_ASSET(packed, "tokenizers/clip/bpe_simple_vocab_16e6.txt.gz");
  const crayon::test::TempDir folder;
  const std::filesystem::path merges = folder / "merges.txt";
  ASSERT_TRUE(tokenizer::test::unpack_gzip(packed, merges));
  const Tokenizer tokenizer(importers::import_tokenizer(merges));
  const auto words = [&](std::string_view source) { return emphasised_words(tokenizer, source); };
  EXPECT_EQ(words("a photo of a red car"), "");
  EXPECT_EQ(words("a photo of a (RED:1.5) car"), "red *1.5;");
  EXPECT_EQ(words("(a:2)  photo\tof a (car:0)"), "a *2;car *0;");
  EXPECT_EQ(words("say (antidisestablishmentarianism:3), please"),
            "antidisestablishmentarianism *3;");
  EXPECT_EQ(words("antidis(establish:3)mentarianism."), "antidisestablishmentarianism *3;");
  EXPECT_EQ(words("the (dog:2)'s ball"), "dog *2;");
  EXPECT_EQ(words("one \\((two:2)\\) three!"), "two *2;");
  EXPECT_EQ(words("a (U\u0308berraschung:2)"), "überraschung *2;");
  EXPECT_EQ(words("a (🦜:2) here (!!!:3)"), "🦜 *2;!!! *3;");
}

}  // namespace
}  // namespace crayon::emphasis
