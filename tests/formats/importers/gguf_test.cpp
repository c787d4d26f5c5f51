// What a GGUF file says of its model.
#include "formats/importers/gguf.h"

#include <cmath>

#include "formats/importers/ggml_type.h"
#include "tests/formats/importers/with_gguf.h"

namespace crayon::importers {
namespace {

using formats::ModelSource;
using formats::TokenType;
using test::code_of;
using test::GgufWriter;
using Gguf = test::WithGguf;

TEST_F(Gguf, ImportsTheWholeModel) {
  const ModelSource model = import(test::tiny_gguf());
  EXPECT_EQ(model.config, test::tiny_llama_config());
  EXPECT_EQ(model.provenance.source, "model.gguf");
  EXPECT_EQ(model.provenance.licence, "mit");
  EXPECT_TRUE(model.provenance.tool.starts_with("crayon "));
  EXPECT_EQ(model.provenance.source_hash,
            formats::to_hex(formats::hash_of(test::tiny_gguf().bytes())));
  const auto expected = test::tiny_llama_tensors(false);
  ASSERT_EQ(model.tensors.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(model.tensors[i].name, expected[i].bundle);
    EXPECT_EQ(model.tensors[i].shape, expected[i].shape);
    EXPECT_EQ(test::read_all(model, expected[i].bundle), expected[i].values) << expected[i].bundle;
  }
}

TEST_F(Gguf, ImportsAnOpenFileThatWasRemoved) {
  const std::filesystem::path path = write(test::tiny_gguf());
  const File open(path);
  std::filesystem::remove(path);
  const std::string descriptor = std::to_string(open.descriptor());
  const ModelSource model = import_model("/proc/self/fd/" + descriptor, {});
  EXPECT_EQ(model.config, test::tiny_llama_config());
  EXPECT_EQ(model.provenance.source, descriptor);
}

TEST_F(Gguf, ReadsOnlyTheRowsAskedFor) {
  const ModelSource model = import(test::tiny_gguf());
  for (const formats::SourceTensor& tensor : model.tensors) {
    const std::vector<float> whole = test::read_all(model, tensor.name);
    for (std::uint64_t row = 0; row < tensor.shape.rows; ++row) {
      const std::uint64_t count = std::min<std::uint64_t>(3, tensor.shape.rows - row);
      std::vector<float> part(count * tensor.shape.cols);
      tensor.read_rows(row, count, part);
      const std::vector<float> want(
          whole.begin() + static_cast<std::ptrdiff_t>(row * tensor.shape.cols),
          whole.begin() + static_cast<std::ptrdiff_t>((row + count) * tensor.shape.cols));
      EXPECT_EQ(part, want) << tensor.name << " row " << row;
    }
  }
}

TEST_F(Gguf, ReadsTheTokenizer) {
  const formats::TokenizerData data = import_tokenizer(write(test::tiny_gguf_keys()));
  EXPECT_EQ(data.kind, formats::TokenizerKind::sentencepiece_bpe);
  EXPECT_EQ(data.pieces.at(4), "\u2581");
  EXPECT_EQ(data.scores.at(7), -0.5f);
  const std::vector types = {TokenType::unknown, TokenType::control, TokenType::control,
                             TokenType::byte,    TokenType::normal,  TokenType::normal,
                             TokenType::normal,  TokenType::normal,  TokenType::control,
                             TokenType::unused};
  EXPECT_EQ(data.types, types);
  EXPECT_TRUE(data.add_bos);
  EXPECT_TRUE(data.add_space_prefix);
  EXPECT_EQ(data.bos, 1);
  EXPECT_EQ(data.unknown, std::nullopt);
  EXPECT_EQ(data.end_of_generation, (std::vector<formats::Token>{2, 8}));
  EXPECT_EQ(data.chat_format.name, "plain");
}

TEST_F(Gguf, ReadsAByteLevelTokenizer) {
  GgufWriter writer;
  writer.add_text("tokenizer.ggml.model", "gpt2");
  writer.add_text("tokenizer.ggml.pre", "llama-bpe");
  writer.add_texts("tokenizer.ggml.tokens", {"\u0120", "t", "\u0120t", "\u0100", "<|eot_id|>"});
  writer.add_ints("tokenizer.ggml.token_type", {1, 1, 1, 1, 3});
  writer.add_texts("tokenizer.ggml.merges", {"\u0120 t"});
  writer.add_u32("tokenizer.ggml.bos_token_id", 4);
  const formats::TokenizerData data = import_tokenizer(write(writer));
  EXPECT_EQ(data.kind, formats::TokenizerKind::byte_bpe);
  const std::vector<std::string> pieces = {" ", "t", " t", std::string(1, '\0'), "<|eot_id|>"};
  EXPECT_EQ(data.pieces, pieces);
  EXPECT_EQ(data.merges, (std::vector<formats::TokenizerData::Merge>{{0, 1}}));
  EXPECT_TRUE(data.ignore_merges);
  EXPECT_TRUE(data.add_bos);
  EXPECT_EQ(data.end_of_generation, std::vector<formats::Token>{4});
  EXPECT_EQ(data.pre_tokenizers.size(), 1u);
}

TEST_F(Gguf, UnigramTokenizer) {
  GgufWriter writer;
  writer.add_text("tokenizer.ggml.model", "t5");
  writer.add_texts("tokenizer.ggml.tokens", {"<pad>", "</s>", "<unk>", "\u2581a"});
  writer.add_ints("tokenizer.ggml.token_type", {3, 3, 2, 1});
  writer.add_floats("tokenizer.ggml.scores", {0, 0, 0, -1});
  writer.add_ints("tokenizer.ggml.precompiled_charsmap", {4, 0, 0, 0, 0, 0, 0, 0});
  writer.add_u32("tokenizer.ggml.eos_token_id", 1);
  writer.add_u32("tokenizer.ggml.unknown_token_id", 2);
  const formats::TokenizerData data = import_tokenizer(write(writer));
  EXPECT_EQ(data.kind, formats::TokenizerKind::unigram);
  EXPECT_EQ(data.charsmap, std::string("\4\0\0\0\0\0\0\0", 8));
  EXPECT_TRUE(data.add_eos && !data.add_bos && !data.add_space_prefix);
  EXPECT_EQ(data.unknown, 2);
}

TEST_F(Gguf, RefusesAnUnknownPreTokenizerByName) {
  GgufWriter writer;
  writer.add_text("tokenizer.ggml.model", "gpt2");
  writer.add_text("tokenizer.ggml.pre", "kimi-k2");
  writer.add_texts("tokenizer.ggml.tokens", {"a"});
  std::string sentence;
  EXPECT_EQ(code_of([&] { import_tokenizer(write(writer)); }, &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("kimi-k2"), std::string::npos);
  EXPECT_NE(sentence.find("llama-bpe"), std::string::npos);
}

TEST_F(Gguf, RefusesOtherTypesByTensorAndName) {
  GgufWriter writer = test::tiny_gguf_keys();
  writer.add_tensor("token_embd.weight", {256, 1}, 16, std::vector<std::uint8_t>(66));
  std::string sentence;
  EXPECT_EQ(failure(writer, &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("token_embd.weight is IQ2_XXS"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find(readable_ggml_types() + " can be read"), std::string::npos) << sentence;
  // Their tokenizer is none the worse.
  EXPECT_EQ(import_tokenizer(folder_ / "model.gguf").pieces.size(), 10u);
}

TEST_F(Gguf, RefusesAnUnknownArchitectureByName) {
  GgufWriter writer;
  writer.add_text("general.architecture", "mamba");
  std::string sentence;
  EXPECT_EQ(failure(writer, &sentence), Code::architecture);
  EXPECT_NE(sentence.find("mamba"), std::string::npos);
}

TEST_F(Gguf, RefusesVariantsByKey) {
  const auto refuse = [&](const char* key, std::uint32_t value) {
    GgufWriter writer = test::tiny_gguf();
    writer.add_u32(key, value);
    std::string sentence;
    EXPECT_EQ(failure(writer, &sentence), Code::unsupported) << key;
    EXPECT_NE(sentence.find(key), std::string::npos) << sentence;
  };
  refuse("llama.expert_count", 8);
  refuse("llama.rope.dimension_count", 2);
  refuse("llama.attn_logit_softcapping", 50);
  refuse("llama.rope.scaling.attn_factor", 2);
  GgufWriter scaled = test::tiny_gguf();
  scaled.add_text("llama.rope.scaling.type", "ntk");
  EXPECT_EQ(failure(scaled), Code::unsupported);
  GgufWriter both = test::tiny_gguf();
  both.add_bool("llama.attention.causal", false);
  EXPECT_EQ(failure(both), Code::unsupported);
}

TEST_F(Gguf, HonoursASlidingWindow) {
  GgufWriter narrow = test::tiny_gguf();
  narrow.add_u32("llama.attention.sliding_window", 16);
  const formats::ModelConfig config = import(narrow).config;
  EXPECT_EQ(config.window, 16u);
  EXPECT_EQ(config.windowed, std::vector<bool>(2, true));
  GgufWriter wide = test::tiny_gguf();  // the whole context
  wide.add_u32("llama.attention.sliding_window", 32);
  EXPECT_EQ(import(wide).config, test::tiny_llama_config());
}

TEST_F(Gguf, ReadsLinearRopeScaling) {
  GgufWriter writer = test::tiny_gguf();
  writer.add_text("llama.rope.scaling.type", "linear");
  writer.add_f32("llama.rope.scaling.factor", 2.0f);
  const formats::ModelConfig config = import(writer).config;
  EXPECT_EQ(config.rope_scaling, formats::RopeScaling::linear);
  EXPECT_EQ(config.rope_factor, 2.0f);
}

TEST_F(Gguf, ReadsYarn) {
  const auto yarn = [] {
    GgufWriter writer = test::tiny_gguf();
    writer.add_text("llama.rope.scaling.type", "yarn");
    writer.add_f32("llama.rope.scaling.factor", 4.0f);
    return writer;
  };
  GgufWriter writer = yarn();
  writer.add_u32("llama.rope.scaling.original_context_length", 8);
  writer.add_f32("llama.rope.scaling.yarn_beta_fast", 16.0f);
  formats::ModelConfig config = import(writer).config;
  EXPECT_EQ(config.rope_scaling, formats::RopeScaling::yarn);
  EXPECT_EQ(config.rope_factor, 4.0f);
  EXPECT_EQ(config.rope_original_context, 8u);
  EXPECT_EQ(config.rope_beta_fast, 16.0f);
  EXPECT_EQ(config.rope_beta_slow, 1.0f);
  EXPECT_FLOAT_EQ(config.rope_magnitude, 1.0f + 0.1f * std::log(4.0f));
  writer.add_f32("llama.rope.scaling.attn_factor", 0.5f);
  config = import(writer).config;
  EXPECT_FLOAT_EQ(config.rope_magnitude, 0.5f + 0.05f * std::log(4.0f));
  GgufWriter other = yarn();
  other.add_f32("llama.rope.scaling.yarn_attn_factor", 1.0f);
  EXPECT_EQ(failure(other), Code::unsupported);
  GgufWriter partial = yarn();
  partial.add_f32("llama.rope.scaling.yarn_ext_factor", 0.5f);
  EXPECT_EQ(failure(partial), Code::unsupported);
}

TEST_F(Gguf, KeepsRopeFactorsOfAnUnknownRuleAsTheyAre) {
  GgufWriter writer = test::tiny_gguf();
  const std::vector<float> factors = {3.0f, 1.0f};
  writer.add_f32_tensor("rope_freqs.weight", {2}, factors);
  const formats::ModelConfig config = import(writer).config;
  EXPECT_EQ(config.rope_scaling, formats::RopeScaling::longrope);
  EXPECT_EQ(config.rope_short_factors, factors);
  EXPECT_EQ(config.rope_long_factors, factors);
  EXPECT_EQ(config.rope_magnitude, 1.0f);

  const auto code = [&](std::initializer_list<float> values) {
    GgufWriter other = test::tiny_gguf();
    other.add_f32_tensor("rope_freqs.weight", {values.size()}, std::vector<float>(values));
    std::string sentence;
    const Code thrown = failure(other, &sentence);
    EXPECT_NE(sentence.find("model.gguf"), std::string::npos) << sentence;
    return thrown;
  };
  EXPECT_EQ(code({3.0f}), Code::bad_shape);
  EXPECT_EQ(code({0.0f, 1.0f}), Code::corrupt);
  EXPECT_EQ(code({NAN, 1.0f}), Code::corrupt);
}

TEST_F(Gguf, ABadSizeIsNamedWithItsFile) {
  GgufWriter writer = test::tiny_gguf_keys();
  writer.add_u32("llama.attention.value_length", 4);
  writer.add_f32_tensor("token_embd.weight", {9, 10}, std::vector<float>(90));
  std::string sentence;
  EXPECT_NE(failure(writer, &sentence), Code::io);
  EXPECT_NE(sentence.find("model.gguf"), std::string::npos) << sentence;
}

TEST_F(Gguf, RefusesMissingLeftoverAndMisshapenTensors) {
  std::string sentence;
  EXPECT_EQ(failure(test::tiny_gguf_keys(), &sentence), Code::missing_tensor);

  GgufWriter leftover = test::tiny_gguf();
  const std::vector<float> bias(8);
  leftover.add_f32_tensor("blk.0.attn_q_norm.weight", {8}, bias);
  EXPECT_EQ(failure(leftover, &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("blk.0.attn_q_norm.weight"), std::string::npos);

  GgufWriter biased = test::tiny_gguf();  // the other layer has none
  biased.add_f32_tensor("blk.0.attn_q.bias", {8}, bias);
  EXPECT_EQ(failure(biased, &sentence), Code::missing_tensor);
  EXPECT_NE(sentence.find("blk.1.attn_q.bias"), std::string::npos);

  GgufWriter misshapen = test::tiny_gguf_keys();
  for (const test::TinyTensor& tensor : test::tiny_llama_tensors(false)) {
    if (tensor.source == "blk.1.ffn_up.weight") {
      misshapen.add_f32_tensor(tensor.source, {12, 8}, tensor.values);
    } else {
      misshapen.add_f32_tensor(tensor.source, {tensor.shape.cols, tensor.shape.rows},
                               tensor.values);
    }
  }
  EXPECT_EQ(failure(misshapen, &sentence), Code::bad_shape);
  EXPECT_NE(sentence.find("blk.1.ffn_up.weight"), std::string::npos);
}

TEST_F(Gguf, TheHeadIsTiedWhenTheFileHasNone) {
  GgufWriter writer = test::tiny_gguf_keys();
  for (const test::TinyTensor& tensor : test::tiny_llama_tensors(false)) {
    if (tensor.source != "output.weight") {
      writer.add_f32_tensor(tensor.source, {tensor.shape.cols, tensor.shape.rows}, tensor.values);
    }
  }
  EXPECT_TRUE(import(writer).config.tied_head);
}

}  // namespace
}  // namespace crayon::importers
