#include "formats/importers/llama2c.h"

#include <limits>

#include "formats/importers/importers.h"
#include "tests/formats/importers/tiny_llama.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using formats::ModelSource;
using test::ByteWriter;
using test::code_of;
using test::TinyTensor;

// The order of version1_export and, with `legacy`, of legacy_export.
ByteWriter write_model(bool legacy, bool tied) {
  const ModelConfig config = test::tiny_llama_config();
  const auto tensors = test::tiny_llama_tensors(false);
  ByteWriter out;
  const auto put = [&](const std::string& suffix) {
    for (const TinyTensor& tensor : tensors) {
      if (tensor.bundle.ends_with(suffix)) {
        const bool rotates = suffix == ".q" || suffix == ".k";
        out.put_floats(rotates ? test::interleave(tensor.values, tensor.shape.cols, 4)
                               : tensor.values);
      }
    }
  };
  if (!legacy) {
    out.put_text("24ka");
    out.put<std::uint32_t>(1);
  }
  const auto vocab = static_cast<std::int32_t>(config.vocab_size);
  for (const std::uint32_t number :
       {config.dim, config.hidden_dim, config.layers, config.heads, config.kv_heads}) {
    out.put(number);
  }
  out.put(legacy && !tied ? -vocab : vocab);
  out.put(config.max_context);
  if (!legacy) {
    out.put<std::uint8_t>(tied ? 1 : 0);
    out.pad_to(256);
  } else {
    put("token_embedding");
  }
  put(".attention_norm");
  if (!legacy) {
    put(".mlp_norm");
    put("output_norm");
    put("token_embedding");
  }
  for (const char* name : {".q", ".k", ".v", ".o"}) {
    put(name);
  }
  if (legacy) {
    put(".mlp_norm");
  }
  for (const char* name : {".gate", ".down", ".up"}) {
    put(name);
  }
  if (legacy) {
    put("output_norm");
    const std::vector<float> table(config.max_context * config.head_dim, 99.0f);
    out.put_floats(table);
  }
  if (!tied) {
    put("output_head");
  }
  return out;
}

ByteWriter write_tokenizer() {
  ByteWriter out;
  out.put<std::uint32_t>(7);
  const char* pieces[] = {"<unk>", "\n<s>\n", "\n</s>\n", "<0x41>", " ", "a", " a", "<0xZZ>"};
  float score = 0;
  for (const std::string_view piece : pieces) {
    out.put(score--);
    out.put(static_cast<std::uint32_t>(piece.size()));
    out.put_text(piece);
  }
  return out;
}

class Llama2c : public testing::Test {
 protected:
  Llama2c() { test::write_file(folder_ / "tok10.bin", write_tokenizer().bytes()); }
  ModelSource import(ByteSpan bytes) {
    test::write_file(folder_ / "model.bin", bytes);
    return import_model(folder_ / "model.bin", {});
  }
  test::TempDir folder_;
};

TEST_F(Llama2c, ImportsBothVersionsTiedOrNot) {
  for (const bool legacy : {true, false}) {
    for (const bool tied : {true, false}) {
      const ModelSource model = import(write_model(legacy, tied).bytes());
      ModelConfig config = test::tiny_llama_config();
      config.norm_eps = 1e-5f;  // llama2.c's own, as no field says it
      config.rope_theta = 10000.0f;
      config.tied_head = tied;
      EXPECT_EQ(model.config, config);
      for (const TinyTensor& tensor : test::tiny_llama_tensors(false)) {
        if (!tied || tensor.bundle != "output_head") {
          EXPECT_EQ(test::read_all(model, tensor.bundle), tensor.values) << tensor.bundle;
        }
      }
      EXPECT_EQ(model.tensors.size(), tied ? 20u : 21u);
    }
  }
}

TEST_F(Llama2c, UndoesTheSpellingOfTheTokenizer) {
  const formats::TokenizerData data = import_tokenizer(folder_ / "tok10.bin");
  const std::vector<std::string> pieces = {"<unk>",
                                           "<s>",
                                           "</s>",
                                           "<0x41>",
                                           "\u2581",
                                           "a",
                                           "\u2581"
                                           "a",
                                           "<0xZZ>"};
  EXPECT_EQ(data.pieces, pieces);
  using formats::TokenType;
  const std::vector types = {TokenType::unknown, TokenType::control, TokenType::control,
                             TokenType::byte,    TokenType::normal,  TokenType::normal,
                             TokenType::normal,  TokenType::normal};
  EXPECT_EQ(data.types, types);
  EXPECT_EQ(data.scores.at(6), -6.0f);
  EXPECT_TRUE(data.add_space_prefix);
  EXPECT_TRUE(data.add_bos);
  EXPECT_EQ(data.end_of_generation, std::vector<formats::Token>{2});
}

TEST_F(Llama2c, SaysWhereItLookedForTheTokenizer) {
  std::filesystem::rename(folder_ / "tok10.bin", folder_ / "elsewhere.bin");
  std::string sentence;
  EXPECT_EQ(code_of([&] { import(write_model(false, true).bytes()); }, &sentence), Code::not_found);
  EXPECT_NE(sentence.find("tok10.bin"), std::string::npos);
  EXPECT_NO_THROW(import_model(folder_ / "model.bin", folder_ / "elsewhere.bin"));
  std::filesystem::rename(folder_ / "elsewhere.bin", folder_ / "tokenizer.bin");
  EXPECT_EQ(import_tokenizer(folder_ / "model.bin").pieces.size(), 8u);
}

TEST_F(Llama2c, RefusesOtherVersions) {
  std::vector<std::uint8_t> bytes = write_model(false, true).bytes();
  bytes[4] = 2;
  EXPECT_EQ(code_of([&] { import(bytes); }), Code::unsupported);
}

TEST_F(Llama2c, EveryWrongSizeIsAnError) {
  for (const bool legacy : {true, false}) {
    std::vector<std::uint8_t> bytes = write_model(legacy, false).bytes();
    for (std::size_t size = 0; size < bytes.size(); size += size < 300 ? 1 : 97) {
      code_of([&] { import(ByteSpan(bytes).first(size)); });
    }
    bytes.push_back(0);
    code_of([&] { import(bytes); });
  }
}

TEST_F(Llama2c, EveryCorruptedHeaderByteIsAnErrorOrAModel) {
  for (const bool legacy : {true, false}) {
    std::vector<std::uint8_t> bytes = write_model(legacy, false).bytes();
    for (std::size_t i = 0; i < 64; ++i) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ flip);
        try {
          const ModelSource model = import(bytes);
          for (const formats::SourceTensor& tensor : model.tensors) {
            test::read_all(model, tensor.name);
          }
        } catch (const Error&) {
          // as it should
        }
        bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ flip);
      }
    }
  }
}

TEST_F(Llama2c, EveryTruncatedTokenizerIsAnErrorOrShorter) {
  const std::vector<std::uint8_t> bytes = write_tokenizer().bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    test::write_file(folder_ / "tok.bin", ByteSpan(bytes).first(size));
    try {
      EXPECT_LT(import_tokenizer(folder_ / "tok.bin").pieces.size(), 8u);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == Code::truncated || error.code() == Code::bad_tokenizer);
    }
  }
}

}  // namespace
}  // namespace crayon::importers
