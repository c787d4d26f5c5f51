// Real vocabularies against the ids of the reference implementations.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "formats/importers/importers.h"
#include "runtime/tokenizer/normalize.h"
#include "runtime/tokenizer/utf8.h"
#include "tests/runtime/tokenizer/published.h"
#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/support.h"

namespace crayon::tokenizer::test {
namespace {

constexpr std::size_t case_count = 46;

/// How many random texts go through each vocabulary: few, unless CRAYON_RANDOM_TEXTS says more.
std::size_t random_texts() {
  const char* const count = std::getenv("CRAYON_RANDOM_TEXTS");
  return count == nullptr ? 2000 : std::stoul(count);
}

void expect_conformance(const Tokenizer& tokenizer, const std::filesystem::path& name) {
  const std::vector<ReferenceCase> cases = read_reference_cases(name);
  EXPECT_EQ(cases.size(), case_count);
  std::size_t equal = 0;
  for (const ReferenceCase& one : cases) {
    const std::vector<Token> tokens = tokenizer.encode(one.text, {.add_bos = false});
    EXPECT_EQ(tokens, one.tokens) << '"' << one.text << '"';
    EXPECT_EQ(tokenizer.decode(tokens), one.text);
    equal += tokens == one.tokens ? 1 : 0;
  }
  std::printf("%zu of %zu cases conform\n", equal, cases.size());
}

/// The bytes that a byte-level vocabulary has no token for.
std::string bytes_without_token(const TokenizerData& data) {
  std::string bytes;
  for (int byte = 0; byte < 256 && !formats::has_scores(data.kind); ++byte) {
    const std::string piece(1, static_cast<char>(byte));
    if (std::find(data.pieces.begin(), data.pieces.end(), piece) == data.pieces.end()) {
      bytes += piece;
    }
  }
  return bytes;
}

std::string without(const std::string& bytes, std::string text) {
  std::erase_if(text, [&](char c) { return bytes.find(c) != std::string::npos; });
  return text;
}

/// Whatever the bytes: no crash, and only ids that there are.
void expect_harmless(const Tokenizer& tokenizer) {
  Random random(9);
  for (std::size_t i = random_texts(); i > 0; --i) {
    const std::string text = random_bytes(random, 60);
    for (const Token token : tokenizer.encode(text, {.parse_special = i % 2 == 0})) {
      ASSERT_GE(token, 0);
      ASSERT_LT(static_cast<std::size_t>(token), tokenizer.data().pieces.size());
    }
  }
}

void expect_round_trips(const Tokenizer& tokenizer) {
  const std::string lost = bytes_without_token(tokenizer.data());
  Random random(7);
  for (std::size_t i = random_texts(); i > 0; --i) {
    std::string text = random_text(random, 30);
    if (tokenizer.data().kind == TokenizerKind::byte_bpe) {
      text += random_bytes(random, 10);
    } else {
      text = replaced(text, "▁", " ");  // SentencePiece reads its own mark as a space
    }
    const std::vector<Token> tokens = tokenizer.encode(text, {.add_bos = false});
    text = without(lost, tokenizer.data().normalize_nfc ? normalize_nfc(text) : text);
    ASSERT_EQ(tokenizer.decode(tokens), text);
    StreamDecoder decoder(tokenizer, true);
    std::string shown;
    for (const Token token : tokens) {
      shown += decoder.push(token);
    }
    shown += decoder.finish();
    ASSERT_EQ(run_length(shown, true), shown.size());
    if (run_length(text, true) == text.size()) {
      ASSERT_EQ(shown, text);
    }
  }
}

/// Against the vectors that bear `name`.
void test_vocabulary(TokenizerData data, const std::string& name) {
  const Tokenizer tokenizer(std::move(data));
  expect_conformance(tokenizer,
                     crayon::test::assets() / "tokenizers/llama_cpp_vocab" / (name + ".gguf"));
  expect_round_trips(tokenizer);
  expect_harmless(tokenizer);
}

TEST(Conformance, LlamaSpmOfGguf) {
  CRAYON_ASSET(file, "tokenizers/llama_cpp_vocab/ggml-vocab-llama-spm.gguf");
  test_vocabulary(importers::import_tokenizer(file), "ggml-vocab-llama-spm");
}

TEST(Conformance, LlamaSpmOfLlama2c) {
  CRAYON_ASSET(file, "tokenizers/llama2/tokenizer.bin");
  test_vocabulary(importers::import_tokenizer(file), "ggml-vocab-llama-spm");
}

TEST(Conformance, Phi3OfGguf) {
  CRAYON_ASSET(file, "tokenizers/llama_cpp_vocab/ggml-vocab-phi-3.gguf");
  test_vocabulary(importers::import_tokenizer(file), "ggml-vocab-phi-3");
}

TEST(Conformance, Phi3OfTokenizerJson) {
  CRAYON_ASSET(file, "tokenizers/ort_genai_phi3-v/tokenizer.json");
  test_vocabulary(importers::import_tokenizer(file), "ggml-vocab-phi-3");
}

// Its </s> is text and strips on the right; of its turns, <|assistant|> does and <|user|> does not.
TEST(Conformance, Phi3StripsWhereItsTokenizerJsonSays) {
  CRAYON_ASSET(file, "tokenizers/ort_genai_phi3-v/tokenizer.json");
  const Tokenizer tokenizer(importers::import_tokenizer(file));
  const auto cut = [&](std::string_view text) {
    return pieces_of(tokenizer.data(),
                     tokenizer.encode(text, {.add_bos = false, .parse_special = true}));
  };
  EXPECT_EQ(cut("a</s> \n b"), "▁a|</s>|▁b");
  EXPECT_EQ(cut("<|user|>\na<|end|>\n<|assistant|>\nb"),
            "<|user|>|▁|<0x0A>|a|<|end|>|▁|<0x0A>|<|assistant|>|▁b");
}

TEST(Conformance, Gpt2OfGguf) {
  CRAYON_ASSET(file, "tokenizers/llama_cpp_vocab/ggml-vocab-gpt-2.gguf");
  test_vocabulary(importers::import_tokenizer(file), "ggml-vocab-gpt-2");
}

TEST(Conformance, Gpt2OfTokenizerJson) {
  CRAYON_ASSET(file, "tokenizers/gpt2/tokenizer.json");
  test_vocabulary(importers::import_tokenizer(file), "ggml-vocab-gpt-2");
}

TEST(Conformance, Gpt2OfVocabAndMerges) {
  CRAYON_ASSET(gpt2, "tokenizers/gpt2");
  const crayon::test::TempDir folder;  // without the tokenizer.json beside them
  for (const char* name : {"vocab.json", "merges.txt"}) {
    std::filesystem::create_symlink(std::filesystem::absolute(gpt2 / name), folder / name);
  }
  test_vocabulary(importers::import_tokenizer(folder.path()), "ggml-vocab-gpt-2");
}

TEST(Conformance, LlamaSpmOfSentencePiece) {
  CRAYON_ASSET(file, "tokenizers/llama2/tokenizer.model");
  test_vocabulary(importers::import_tokenizer(file), "ggml-vocab-llama-spm");
}

TEST(Conformance, Qwen2OfVocabAndMerges) {
  CRAYON_ASSET(folder, "tokenizers/qwen2.5");
  const TokenizerData data = importers::import_tokenizer(folder);
  EXPECT_TRUE(data.normalize_nfc);
  test_vocabulary(data, "ggml-vocab-qwen2");
}

TEST(Conformance, Llama3OfTiktoken) {
  CRAYON_ASSET(file, "tokenizers/llama3_tiktoken/test_tiktoken_tokenizer.model");
  test_vocabulary(importers::import_tokenizer(file), "ggml-vocab-llama-bpe");
}

// There are no vectors for it. 21 bytes, controls and never in UTF-8, have no token.
TEST(Conformance, SmolLm2) {
  CRAYON_ASSET(folder, "tokenizers/smollm2");
  const Tokenizer tokenizer(importers::import_tokenizer(folder));
  const std::vector<Token> tokens =
      tokenizer.encode("<|im_start|>user\nIt's 2024", {.parse_special = true});
  EXPECT_EQ(bytes_without_token(tokenizer.data()).size(), 21u);
  EXPECT_EQ(pieces_of(tokenizer.data(), tokens), "<|im_start|>|user|\n|It|'s| |2|0|2|4");
  expect_round_trips(tokenizer);
  expect_harmless(tokenizer);
}

// Ids as published with CLIP. What its vocabulary keeps of a text is tried with random ones: what
// it decodes to encodes to the same ids again.
TEST(Conformance, Clip) {
  CRAYON_ASSET(packed, "tokenizers/clip/bpe_simple_vocab_16e6.txt.gz");
  const crayon::test::TempDir folder;
  const std::filesystem::path merges = folder / "merges.txt";
  ASSERT_TRUE(unpack_gzip(packed, merges));
  const Tokenizer tokenizer(importers::import_tokenizer(merges));
  EXPECT_EQ(tokenizer.data().pieces.size(), 49408u);
  const std::vector<Token> cat = {49406, 320, 1125, 539, 320, 2368, 49407};
  EXPECT_EQ(tokenizer.encode("a photo of a cat", {.add_eos = true}), cat);
  EXPECT_EQ(tokenizer.encode(" A  photo\nof a CAT ", {.add_eos = true}), cat);
  Random random(13);
  for (std::size_t i = random_texts(); i > 0; --i) {
    const std::vector<Token> tokens = tokenizer.encode(random_text(random, 30));
    ASSERT_EQ(tokenizer.encode(tokenizer.decode(tokens)), tokens);
  }
  expect_harmless(tokenizer);
}

}  // namespace
}  // namespace crayon::tokenizer::test
