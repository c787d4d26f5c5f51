// Real vocabularies against the ids of the reference implementations.
#include <gtest/gtest.h>

#include "formats/importers/importers.h"
#include "runtime/tokenizer/utf8.h"
#include "tests/runtime/tokenizer/published.h"
#include "tests/runtime/tokenizer/vocabularies.h"
#include "tests/support/support.h"

namespace crayon::tokenizer::test {
namespace {

constexpr std::size_t case_count = 46;

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
  ::testing::Test::RecordProperty("conforming", static_cast<int>(equal));
}

void expect_round_trips(const Tokenizer& tokenizer) {
  Random random(7);
  for (int i = 0; i < 10'000; ++i) {
    std::string text = random_text(random, 30);
    if (tokenizer.data().kind == TokenizerKind::byte_bpe) {
      text += random_bytes(random, 10);
    } else {
      for (std::size_t at; (at = text.find("▁")) != std::string::npos;) {
        text.replace(at, 3, " ");  // SentencePiece reads its own mark as a space
      }
    }
    const std::vector<Token> tokens = tokenizer.encode(text, {.add_bos = false});
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

/// A vocabulary-only GGUF, with the reference's vectors beside it.
void test_gguf(const std::filesystem::path& file) {
  const Tokenizer tokenizer(importers::import_tokenizer(file));
  expect_conformance(tokenizer, file);
  expect_round_trips(tokenizer);
}

TEST(Conformance, LlamaSpmGguf) {
  CRAYON_ASSET(file, "tokenizers/llama_cpp_vocab/ggml-vocab-llama-spm.gguf");
  test_gguf(file);
}

TEST(Conformance, Phi3Gguf) {
  CRAYON_ASSET(file, "tokenizers/llama_cpp_vocab/ggml-vocab-phi-3.gguf");
  test_gguf(file);
}

TEST(Conformance, Gpt2Gguf) {
  CRAYON_ASSET(file, "tokenizers/llama_cpp_vocab/ggml-vocab-gpt-2.gguf");
  test_gguf(file);
}

TEST(Conformance, Llama2OfLlama2c) {
  CRAYON_ASSET(file, "tokenizers/llama2/tokenizer.bin");
  const Tokenizer tokenizer(importers::import_tokenizer(file));
  expect_conformance(
      tokenizer, crayon::test::assets() / "tokenizers/llama_cpp_vocab/ggml-vocab-llama-spm.gguf");
  expect_round_trips(tokenizer);
}

TEST(Conformance, Gpt2) {
  CRAYON_ASSET(folder, "tokenizers/gpt2");
  TokenizerData data = read_vocab_and_merges(folder);
  data.pre_tokenizers = {gpt2_expression};
  const Tokenizer tokenizer(std::move(data));
  expect_conformance(tokenizer,
                     crayon::test::assets() / "tokenizers/llama_cpp_vocab/ggml-vocab-gpt-2.gguf");
  expect_round_trips(tokenizer);
}

TEST(Conformance, Qwen2) {
  CRAYON_ASSET(folder, "tokenizers/qwen2.5");
  TokenizerData data = read_vocab_and_merges(folder);
  data.pre_tokenizers = {qwen2_expression};
  const Tokenizer tokenizer(std::move(data));
  expect_conformance(tokenizer,
                     crayon::test::assets() / "tokenizers/llama_cpp_vocab/ggml-vocab-qwen2.gguf");
  expect_round_trips(tokenizer);
}

TEST(Conformance, Llama3) {
  CRAYON_ASSET(file, "tokenizers/llama3_tiktoken/test_tiktoken_tokenizer.model");
  TokenizerData data = read_tiktoken(file);
  data.pre_tokenizers = {llama3_expression};
  const Tokenizer tokenizer(std::move(data));
  expect_conformance(
      tokenizer, crayon::test::assets() / "tokenizers/llama_cpp_vocab/ggml-vocab-llama-bpe.gguf");
  expect_round_trips(tokenizer);
}

}  // namespace
}  // namespace crayon::tokenizer::test
