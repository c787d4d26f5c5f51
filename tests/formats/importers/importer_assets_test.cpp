#include <sodium.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "formats/importers/gguf.h"
#include "formats/importers/importers.h"
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
  for (const std::string type : {"Q8_0", "Q4_0"}) {
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

TEST(ImporterAssets, RopeFactorsBecomeAConfiguration) {
  CRAYON_ASSET(path, "models/arch/llama3_rope_freqs.gguf");
  const formats::ModelConfig config = import_model(path, {}).config;
  EXPECT_EQ(config.rope_scaling, formats::RopeScaling::llama3);
  EXPECT_EQ(config.rope_factor, 8.0f);
  EXPECT_EQ(config.rope_low_freq_factor, 1.0f);
  EXPECT_EQ(config.rope_high_freq_factor, 4.0f);
  EXPECT_EQ(config.rope_original_context, 64u);
}

TEST(ImporterAssets, RefusesAnotherArchitectureByName) {
  CRAYON_ASSET(path, "models/arch/gemma3.gguf");
  std::string sentence;
  EXPECT_EQ(test::code_of([&, &path = path] { import_model(path, {}); }, &sentence),
            Code::architecture);
  EXPECT_NE(sentence.find("gemma3"), std::string::npos);
}

TEST(ImporterAssets, RefusesQ4KByTensorAndType) {
  CRAYON_ASSET(path, "models/arch/llama_256.Q4_K_M.gguf");
  std::string sentence;
  EXPECT_EQ(test::code_of([&, &path = path] { import_model(path, {}); }, &sentence),
            Code::unsupported);
  EXPECT_NE(sentence.find("_K"), std::string::npos) << sentence;
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

}  // namespace
}  // namespace crayon::importers
