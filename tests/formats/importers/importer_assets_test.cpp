#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "formats/importers/gguf_import.h"
#include "formats/importers/importers.h"
#include "formats/importers/peft.h"
#include "formats/quantize.h"
#include "tests/formats/importers/tiny_llama.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::ModelSource;

void expect_same_tensors(const ModelSource& a, const ModelSource& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    EXPECT_EQ(a.tensors[i].name, b.tensors[i].name);
    EXPECT_EQ(test::read_all(a, a.tensors[i].name), test::read_all(b, a.tensors[i].name))
        << a.tensors[i].name;
  }
}

TEST(ImporterAssets, Stories260KIsTheSameFromThreeFiles) {
  CRAYON_ASSET(folder, "models/stories260K");
  const ModelSource gguf = import_model(folder / "stories260K.gguf", {});
  ModelSource legacy = import_model(folder / "stories260K.bin", {});
  ModelSource version1 = import_model(folder / "stories260K_v1.bin", folder / "tok512.bin");
  EXPECT_EQ(legacy.tokenizer, version1.tokenizer);
  EXPECT_EQ(legacy.config, version1.config);
  expect_same_tensors(legacy, version1);
  EXPECT_TRUE(legacy.config.tied_head);
  EXPECT_EQ(gguf.tokenizer.pieces, legacy.tokenizer.pieces);
  EXPECT_EQ(gguf.tokenizer.types, legacy.tokenizer.types);
  EXPECT_EQ(gguf.tokenizer.scores, legacy.tokenizer.scores);
  // The GGUF keeps the head that the others share with the embedding.
  EXPECT_FALSE(gguf.config.tied_head);
  EXPECT_EQ(test::read_all(gguf, "output_head"), test::read_all(gguf, "token_embedding"));
  for (const formats::SourceTensor& tensor : legacy.tensors) {
    EXPECT_EQ(test::read_all(gguf, tensor.name), test::read_all(legacy, tensor.name))
        << tensor.name;
  }
}

TEST(ImporterAssets, DequantizedTensorsAreTheSameBits) {
  for (const std::string type : {"Q8_0", "Q4_0", "Q4_K_M"}) {
    CRAYON_ASSET(path, "models/arch/llama_256." + type + ".gguf");
    CRAYON_ASSET(hashes, "models/arch/llama_256." + type + ".dequant.json");
    const auto expected = nlohmann::json::parse(read_text(hashes, 1 << 20));
    const GgufFile file(path);
    EXPECT_EQ(file.tensors().size(), expected.size());
    for (const GgufTensor& tensor : file.tensors()) {
      std::vector<float> values(tensor.shape.rows * tensor.shape.cols);
      file.read_rows(tensor, 0, tensor.shape.rows, values);
      std::array<std::uint8_t, crypto_hash_sha256_BYTES> hash{};
      const ByteSpan bytes = as_bytes(std::span<const float>(values));
      crypto_hash_sha256(hash.data(), bytes.data(), bytes.size());
      EXPECT_EQ(formats::to_hex(hash), expected.at(tensor.name).at("sha256")) << tensor.name;
    }
  }
}

TEST(ImporterAssets, Q4_0AsInt4LosesNothing) {
  CRAYON_ASSET(path, "models/arch/llama_256.Q4_0.gguf");
  const ModelSource source = import_model(path, {});
  std::size_t compared = 0;
  for (const formats::SourceTensor& tensor : source.tensors) {
    const bool is_norm = tensor.shape.rows == 1;
    const bool is_table = !tensor.name.starts_with("layers.");  // of other types in such files
    if (is_norm || is_table) {
      continue;
    }
    const std::vector<float> values = test::read_all(source, tensor.name);
    const std::size_t cols = tensor.shape.cols;
    std::vector<std::uint8_t> stored(formats::i4_row_bytes(cols));
    std::vector<float> again(cols);
    for (std::size_t row = 0; row < tensor.shape.rows; ++row) {
      const auto original = std::span(values).subspan(row * cols, cols);
      formats::quantize_row_i4(original, stored);
      formats::dequantize_row_i4(stored, again);
      ASSERT_EQ(std::memcmp(again.data(), original.data(), cols * sizeof(float)), 0)
          << tensor.name << " row " << row;
      ++compared;
    }
  }
  EXPECT_GT(compared, 1000u);
}

TEST(ImporterAssets, RopeFactorsBecomeAConfiguration) {
  CRAYON_ASSET(path, "models/arch/llama3_rope_freqs.gguf");
  const formats::ModelConfig config = import_model(path, {}).config;
  EXPECT_EQ(config.rope_scaling, formats::RopeScaling::llama3);
  EXPECT_EQ(config.rope_factor, 8.0f);
  EXPECT_EQ(config.rope_low_freq_factor, 1.0f);
  EXPECT_EQ(config.rope_high_freq_factor, 4.0f);
  EXPECT_EQ(config.rope_original_context, 64u);
}

TEST(ImporterAssets, OtherArchitecturesThanLlama) {
  CRAYON_ASSET(folder, "models/arch");
  const formats::ModelConfig gemma = import_model(folder / "gemma3.gguf", {}).config;
  EXPECT_EQ(gemma.window, 16u);
  EXPECT_EQ(gemma.windowed, (std::vector<bool>{true, true, true, true, true, false}));
  EXPECT_EQ(gemma.rope_theta, 1e6f);
  EXPECT_EQ(gemma.rope_window_theta, 1e4f);
  EXPECT_TRUE(gemma.qk_norm && gemma.post_norms && gemma.tied_head);
  const formats::ModelConfig gpt2 = import_model(folder / "gpt2.gguf", {}).config;
  EXPECT_EQ(gpt2.norm, formats::Norm::layer);
  EXPECT_EQ(gpt2.biases, 0b1101111);
  const ModelSource phi3 = import_model(folder / "phi3.gguf", {});
  EXPECT_EQ(phi3.config.rope_scaling, formats::RopeScaling::none);
  EXPECT_TRUE(phi3.config.windowed.empty());
  EXPECT_EQ(test::read_all(phi3, "layers.0.up").size(), 224u * 128u);
  EXPECT_EQ(import_model(folder / "qwen2.gguf", {}).config.biases, 0b111);
}

TEST(ImporterAssets, VocabularyOnlyFiles) {
  CRAYON_ASSET(folder, "tokenizers/llama_cpp_vocab");
  const formats::TokenizerData spm = import_tokenizer(folder / "ggml-vocab-llama-spm.gguf");
  EXPECT_EQ(spm.pieces.size(), 32000u);
  EXPECT_EQ(spm.kind, formats::TokenizerKind::sentencepiece_bpe);
  const formats::TokenizerData phi = import_tokenizer(folder / "ggml-vocab-phi-3.gguf");
  EXPECT_EQ(phi.pieces.size(), 32064u);
  EXPECT_EQ(phi.eos, 32000);
  const formats::TokenizerData gpt = import_tokenizer(folder / "ggml-vocab-gpt-2.gguf");
  EXPECT_EQ(gpt.kind, formats::TokenizerKind::byte_bpe);
  EXPECT_EQ(gpt.pieces.size(), 50257u);
  EXPECT_EQ(gpt.merges.size(), 50000u);
  EXPECT_FALSE(gpt.add_bos);
  EXPECT_EQ(gpt.pieces.at(262), " the");
}

// A tokenizer.json and a vocabulary-only GGUF of the same model.
TEST(ImporterAssets, TheTokenizerJsonOfPhi3IsItsGguf) {
  CRAYON_ASSET(json, "tokenizers/ort_genai_phi3-v/tokenizer.json");
  CRAYON_ASSET(gguf, "tokenizers/llama_cpp_vocab/ggml-vocab-phi-3.gguf");
  const formats::TokenizerData a = import_tokenizer(json);
  const formats::TokenizerData b = import_tokenizer(gguf);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.add_bos, b.add_bos);
  EXPECT_EQ(a.bos, b.bos);
  EXPECT_EQ(a.eos, b.eos);
  EXPECT_EQ(a.add_space_prefix, b.add_space_prefix);
  std::vector<std::pair<float, std::size_t>> order_a, order_b;  // of the pieces that merges make
  for (std::size_t i = 3; i < 32000; ++i) {
    EXPECT_EQ(a.pieces[i], b.pieces[i]);
    EXPECT_EQ(a.types[i], b.types[i]) << i;
    if (a.scores[i] < 0) {
      order_a.emplace_back(-a.scores[i], i);
      order_b.emplace_back(-b.scores[i], i);
    }
  }
  std::ranges::sort(order_a);
  std::ranges::sort(order_b);
  ASSERT_EQ(order_a.size(), order_b.size());
  for (std::size_t i = 0; i < order_a.size(); ++i) {
    ASSERT_EQ(order_a[i].second, order_b[i].second) << "merge " << i;
  }
}

TEST(ImporterAssets, TheTokenizerJsonOfGpt2IsItsGguf) {
  CRAYON_ASSET(json, "tokenizers/gpt2/tokenizer.json");
  CRAYON_ASSET(gguf, "tokenizers/llama_cpp_vocab/ggml-vocab-gpt-2.gguf");
  const formats::TokenizerData a = import_tokenizer(json);
  const formats::TokenizerData b = import_tokenizer(gguf);
  EXPECT_EQ(a.pieces, b.pieces);
  EXPECT_EQ(a.merges, b.merges);
  EXPECT_EQ(a.pre_tokenizers, b.pre_tokenizers);
  EXPECT_EQ(a.types.back(), formats::TokenType::control);
}

TEST(ImporterAssets, SmolLm2) {
  CRAYON_ASSET(folder, "tokenizers/smollm2");
  const formats::TokenizerData data = import_tokenizer(folder);
  EXPECT_EQ(data.pieces.size(), 49152u);
  EXPECT_EQ(data.merges.size(), 48900u);
  EXPECT_EQ(data.pre_tokenizers.size(), 2u);
  EXPECT_EQ(data.bos, 1);
  EXPECT_EQ(data.eos, 2);
  EXPECT_FALSE(data.add_bos);
}

TEST(ImporterAssets, AnAdapterIsTheSameFromBothFormats) {
  CRAYON_ASSET(folder, "models/arch");
  const formats::ModelConfig base = import_model(folder / "llama_gqa.gguf", {}).config;
  const formats::AdapterSource peft = read_peft_adapter(folder / "llama_gqa_lora.peft", base);
  const formats::AdapterSource gguf =
      read_gguf_adapter(GgufFile(folder / "llama_gqa_lora.gguf"), base);
  EXPECT_EQ(peft.rank, 4u);
  EXPECT_EQ(gguf.rank, 4u);
  EXPECT_EQ(peft.scale, 2.0f);
  EXPECT_EQ(gguf.scale, 2.0f);
  ASSERT_EQ(peft.factors.size(), 28u);
  ASSERT_EQ(gguf.factors.size(), 28u);
  for (std::size_t i = 0; i < peft.factors.size(); ++i) {
    EXPECT_EQ(peft.factors[i].layer, gguf.factors[i].layer);
    EXPECT_EQ(peft.factors[i].projection, gguf.factors[i].projection);
    EXPECT_EQ(peft.factors[i].a, gguf.factors[i].a);
    EXPECT_EQ(peft.factors[i].b, gguf.factors[i].b);
  }
}

TEST(ImporterAssets, AnAdapterOfAnotherModelIsRefused) {
  CRAYON_ASSET(folder, "models/arch");
  const formats::ModelConfig base = import_model(folder / "llama_gqa.gguf", {}).config;
  EXPECT_EQ(test::code_of([&, &folder = folder] {
              read_gguf_adapter(GgufFile(folder / "qwen2_lora.gguf"), base);
            }),
            Code::wrong_base);
}

}  // namespace
}  // namespace crayon::importers
