// Every variant of arch_variants.h, written as a GGUF file and as a Hugging Face folder and
// imported again.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>

#include "base/half.h"
#include "formats/importers/importers.h"
#include "tests/formats/importers/arch_variants.h"
#include "tests/formats/importers/model_writer.h"
#include "tests/formats/importers/safetensors_writer.h"
#include "tests/formats/importers/seeded_model.h"
#include "tests/formats/importers/stored_tensors.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::ModelSource;
using formats::SourceTensor;
using test::ArchVariant;
using test::code_of;
using test::find_variant;
using test::StoredTensor;

using Round = float (*)(float);
float as_it_is(float value) {
  return value;
}

void expect_same(const ModelSource& imported, const ModelSource& written, Round round = as_it_is) {
  EXPECT_EQ(imported.config, written.config);
  ASSERT_EQ(imported.tensors.size(), written.tensors.size());
  for (std::size_t i = 0; i < written.tensors.size(); ++i) {
    const SourceTensor& tensor = imported.tensors[i];
    EXPECT_EQ(tensor.name, written.tensors[i].name);
    EXPECT_EQ(tensor.shape, written.tensors[i].shape);
    std::vector<float> expected = test::all_rows(written.tensors[i]);
    std::ranges::transform(expected, expected.begin(), round);
    EXPECT_EQ(test::all_rows(tensor), expected) << tensor.name;
  }
}

class EachVariant : public testing::TestWithParam<ArchVariant> {
 protected:
  const ArchVariant& variant() const { return GetParam(); }
  ModelSource import_gguf() const {
    test::write_file(folder_ / "m.gguf", test::model_gguf(model_).bytes());
    return import_model(folder_ / "m.gguf", {});
  }
  ModelSource import_folder(const std::string& dtype = "F32") const {
    test::write_huggingface_folder(model_, variant().huggingface, folder_.path(), dtype);
    return import_model(folder_.path(), {});
  }

  test::TempDir folder_;
  ModelSource model_ = test::seeded_model(GetParam().config, 1);
};

TEST_P(EachVariant, IsTheSameFromGguf) {
  if (!variant().gguf) {
    GTEST_SKIP() << "GGUF has no " << variant().config.architecture;
  }
  expect_same(import_gguf(), model_);
}

TEST_P(EachVariant, IsTheSameFromAFolder) {
  expect_same(import_folder(), model_);
}

// Norms of Gemma are rounded without their 1.
TEST_P(EachVariant, ReadsHalves) {
  if (variant().config.architecture.starts_with("gemma")) {
    GTEST_SKIP();
  }
  expect_same(import_folder("F16"), model_, [](float v) { return f16_to_f32(f32_to_f16(v)); });
  expect_same(import_folder("BF16"), model_, [](float v) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(v) & 0xffff0000u);
  });
}

TEST_P(EachVariant, ReadsOnlyTheRowsAskedFor) {
  const ModelSource folder = import_folder();
  for (const SourceTensor& tensor : folder.tensors) {
    const std::vector<float> whole = test::all_rows(tensor);
    for (std::uint64_t row = tensor.shape.rows; row-- > 0;) {  // also back to front
      const std::uint64_t count = std::min<std::uint64_t>(3, tensor.shape.rows - row);
      std::vector<float> part(count * tensor.shape.cols);
      tensor.read_rows(row, count, part);
      EXPECT_TRUE(
          std::ranges::equal(part, std::span(whole).subspan(row * tensor.shape.cols, part.size())))
          << tensor.name << " row " << row;
    }
  }
}

TEST_P(EachVariant, MayBeShardedAndKeepATiedHead) {
  test::write_huggingface_folder(model_, variant().huggingface, folder_.path());
  std::filesystem::remove(folder_ / "model.safetensors");
  std::vector<StoredTensor> tensors = test::stored_tensors(model_, Naming::huggingface);
  if (variant().config.tied_head) {
    tensors.push_back({"lm_head.weight", {96, 64}, std::vector<float>(96 * 64)});
  }
  std::map<std::string, test::SafetensorsWriter> shards;
  nlohmann::json weight_map;
  for (const StoredTensor& tensor : tensors) {
    const std::string shard = weight_map.size() % 2 == 0 ? "a.safetensors" : "b.safetensors";
    shards[shard].add_f32(tensor.name, tensor.sizes, tensor.values);
    weight_map[tensor.name] = shard;
  }
  for (const auto& [name, writer] : shards) {
    test::write_file(folder_ / name, writer.bytes());
  }
  test::write_json(folder_ / "model.safetensors.index.json", {{"weight_map", weight_map}});
  expect_same(import_model(folder_.path(), {}), model_);
}

TEST_P(EachVariant, RefusesATensorThatItDoesNotUse) {
  test::write_huggingface_folder(model_, variant().huggingface, folder_.path());
  test::SafetensorsWriter weights;
  for (const StoredTensor& tensor : test::stored_tensors(model_, Naming::huggingface)) {
    weights.add_f32(tensor.name, tensor.sizes, tensor.values);
  }
  weights.add_f32("model.layers.0.self_attn.sinks", {4}, std::vector<float>(4));
  test::write_file(folder_ / "model.safetensors", weights.bytes());
  std::string sentence;
  EXPECT_EQ(code_of([&] { import_model(folder_.path(), {}); }, &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("self_attn.sinks"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(, EachVariant,
                         testing::ValuesIn(test::arch_variants().begin(),
                                           test::arch_variants().end()),
                         [](const auto& value) { return value.param.name; });

std::map<std::string, std::vector<std::uint64_t>> stored_sizes(const std::string& name,
                                                               Naming naming) {
  std::map<std::string, std::vector<std::uint64_t>> sizes;
  for (const StoredTensor& tensor :
       test::stored_tensors(test::seeded_model(find_variant(name).config, 1), naming)) {
    sizes[tensor.name] = tensor.sizes;
  }
  return sizes;
}

using Sizes = std::vector<std::uint64_t>;

TEST(ArchNames, AreThoseOfTransformers) {
  auto gpt2 = stored_sizes("gpt2", Naming::huggingface);
  EXPECT_EQ(gpt2.size(), 4u * 12 + 4);
  EXPECT_EQ(gpt2["transformer.wte.weight"], (Sizes{96, 64}));
  EXPECT_EQ(gpt2["transformer.wpe.weight"], (Sizes{256, 64}));
  EXPECT_EQ(gpt2["transformer.h.3.attn.c_attn.weight"], (Sizes{64, 192}));
  EXPECT_EQ(gpt2["transformer.h.3.attn.c_attn.bias"], (Sizes{192}));
  EXPECT_EQ(gpt2["transformer.h.3.attn.c_proj.bias"], (Sizes{64}));
  EXPECT_EQ(gpt2["transformer.h.3.ln_2.bias"], (Sizes{64}));
  EXPECT_EQ(gpt2["transformer.h.3.mlp.c_fc.weight"], (Sizes{64, 96}));
  EXPECT_EQ(gpt2["transformer.h.3.mlp.c_proj.weight"], (Sizes{96, 64}));
  EXPECT_EQ(gpt2["transformer.ln_f.bias"], (Sizes{64}));

  auto neo = stored_sizes("gpt_neo", Naming::huggingface);
  EXPECT_EQ(neo["transformer.h.1.attn.attention.q_proj.weight"], (Sizes{64, 64}));
  EXPECT_EQ(neo["transformer.h.1.attn.attention.out_proj.bias"], (Sizes{64}));
  EXPECT_FALSE(neo.contains("transformer.h.1.attn.attention.q_proj.bias"));
  EXPECT_EQ(neo["transformer.h.1.mlp.c_fc.weight"], (Sizes{96, 64}));

  auto phi3 = stored_sizes("phi3_short", Naming::huggingface);
  EXPECT_EQ(phi3["model.layers.2.self_attn.qkv_proj.weight"], (Sizes{128, 64}));
  EXPECT_EQ(phi3["model.layers.2.mlp.gate_up_proj.weight"], (Sizes{192, 64}));

  auto gemma3 = stored_sizes("gemma3", Naming::huggingface);
  EXPECT_EQ(gemma3.size(), 7u * 13 + 2);
  for (const char* norm : {"input_layernorm", "post_attention_layernorm",
                           "pre_feedforward_layernorm", "post_feedforward_layernorm"}) {
    EXPECT_EQ(gemma3["model.layers.6." + std::string(norm) + ".weight"], (Sizes{64})) << norm;
  }
  EXPECT_EQ(gemma3["model.layers.6.self_attn.q_norm.weight"], (Sizes{32}));
  EXPECT_TRUE(stored_sizes("gemma", Naming::huggingface)
                  .contains("model.layers.0.post_attention_layernorm.weight"));
  EXPECT_EQ(stored_sizes("llama_bias", Naming::huggingface)["model.layers.0.mlp.gate_proj.bias"],
            (Sizes{96}));
}

// A name and its kind: the two norms around Gemma's MLP are easily taken for each other.
TEST(ArchNames, GemmasNormsAreWhatTheirNamesSay) {
  const ModelSource model = test::seeded_model(find_variant("gemma2").config, 1);
  const auto value = [&](const std::string& bundle) {
    const auto found = std::ranges::find(model.tensors, bundle, &SourceTensor::name);
    return test::all_rows(*found);
  };
  for (StoredTensor& tensor : test::stored_tensors(model, Naming::huggingface)) {
    for (float& number : tensor.values) {
      number += 1.0f;
    }
    const auto check = [&](const char* name, const char* bundle) {
      if (tensor.name == name) {
        EXPECT_EQ(tensor.values, value(bundle)) << name;
      }
    };
    check("model.layers.1.post_attention_layernorm.weight", "layers.1.attention_post_norm");
    check("model.layers.1.pre_feedforward_layernorm.weight", "layers.1.mlp_norm");
    check("model.layers.1.post_feedforward_layernorm.weight", "layers.1.mlp_post_norm");
  }
}

TEST(ArchNames, GptMayLeaveOutItsPrefixAndSaveItsMasks) {
  for (const std::string name : {"gpt2", "gpt_neo"}) {
    const ArchVariant& variant = find_variant(name);
    const ModelSource model = test::seeded_model(variant.config, 1);
    const std::string attention = name == "gpt2" ? "h.0.attn" : "h.0.attn.attention";
    for (const std::string prefix : {"", "transformer."}) {
      const test::TempDir folder;
      test::write_huggingface_folder(model, variant.huggingface, folder.path());
      test::SafetensorsWriter weights;
      for (const StoredTensor& tensor : test::stored_tensors(model, Naming::huggingface)) {
        const std::string bare = tensor.name.substr(std::string("transformer.").size());
        weights.add_f32(prefix + bare, tensor.sizes, tensor.values);
      }
      weights.add(prefix + attention + ".bias", "BOOL", {1, 1, 8, 8},
                  std::vector<std::uint8_t>(64));
      weights.add_f32(prefix + attention + ".masked_bias", {1}, std::vector<float>{-1e9f});
      test::write_file(folder / "model.safetensors", weights.bytes());
      expect_same(import_model(folder.path(), {}), model);
    }
  }
}

TEST(FindProjections, GivesTheRowsOfFusedWeights) {
  using enum formats::Projection;
  using Parts = std::vector<ProjectionPart>;
  const formats::ModelConfig& phi3 = find_variant("phi3_short").config;
  const auto find = [](const formats::ModelConfig& config, const char* name, Naming naming) {
    return find_projections(architecture_of(config), config, name, naming);
  };
  const Parts qkv = {{2, q, 0, 64}, {2, k, 64, 32}, {2, v, 96, 32}};
  EXPECT_EQ(find(phi3, "blk.2.attn_qkv.weight", Naming::gguf), qkv);
  EXPECT_EQ(find(phi3, "model.layers.2.self_attn.qkv_proj.weight", Naming::huggingface), qkv);
  const Parts gate_up = {{0, gate, 0, 96}, {0, up, 96, 96}};
  EXPECT_EQ(find(phi3, "blk.0.ffn_up.weight", Naming::gguf), gate_up);
  EXPECT_EQ(find(phi3, "model.layers.0.mlp.gate_up_proj.weight", Naming::huggingface), gate_up);

  const formats::ModelConfig& gpt2 = find_variant("gpt2").config;
  const Parts c_attn = {{1, q, 0, 64}, {1, k, 64, 64}, {1, v, 128, 64}};
  EXPECT_EQ(find(gpt2, "transformer.h.1.attn.c_attn.weight", Naming::huggingface), c_attn);
  EXPECT_EQ(find(gpt2, "blk.1.ffn_up.weight", Naming::gguf), (Parts{{1, up, 0, 96}}));

  const formats::ModelConfig& llama = find_variant("llama3").config;
  EXPECT_EQ(find(llama, "blk.1.attn_k.weight", Naming::gguf), (Parts{{1, k, 0, 32}}));
  EXPECT_EQ(find(llama, "blk.4.attn_k.weight", Naming::gguf), Parts());
  EXPECT_EQ(find(llama, "blk.1.attn_norm.weight", Naming::gguf), Parts());
  EXPECT_EQ(find(llama, "blk.1.attn_k.bias", Naming::gguf), Parts());
}

}  // namespace
}  // namespace crayon::importers
