// What GGUF keys say beyond what arch_variants.h has of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "formats/importers/gguf_import.h"
#include "tests/formats/importers/arch_variants.h"
#include "tests/formats/importers/model_writer.h"
#include "tests/formats/importers/seeded_model.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using test::code_of;
using test::find_variant;

std::string marks(const std::vector<bool>& flags) {
  std::string text;
  for (const bool flag : flags) {
    text += flag ? '1' : '0';
  }
  return text;
}

// Keys beside those of the written model.
ModelConfig read_gguf(formats::ModelSource model,
                      const std::function<void(test::GgufWriter&)>& edit) {
  const test::TempDir folder;
  test::GgufWriter writer = test::model_gguf(model);
  edit(writer);
  test::write_file(folder / "m.gguf", writer.bytes());
  return read_gguf_model(std::make_shared<const GgufFile>(folder / "m.gguf")).config;
}

ModelConfig read_gguf(const std::string& name, const std::function<void(test::GgufWriter&)>& edit) {
  return read_gguf(test::seeded_model(find_variant(name).config, 1), edit);
}

TEST(FamilyKeys, TheLargestGemmasScaleByTheirWidth) {
  for (const auto& [name, layers] : {std::pair("gemma2", 46u), std::pair("gemma3", 62u)}) {
    ModelConfig config = find_variant(name).config;
    config.layers = layers;
    config.windowed.resize(layers);
    const auto scale = [&] {
      return read_gguf(test::seeded_model(config, 1), [](auto&) {}).attention_scale;
    };
    EXPECT_EQ(scale(), 0.25f);  // 64 / 4 instead of 32
    config.layers = 3;
    config.windowed.resize(3);
    EXPECT_EQ(scale(), 0.0f);
  }
}

TEST(FamilyKeys, GemmasWindows) {
  const auto windowed = [](const std::function<void(test::GgufWriter&)>& edit) {
    return marks(read_gguf("gemma3", edit).windowed);
  };
  const char* pattern = "gemma3.attention.sliding_window_pattern";
  EXPECT_EQ(windowed([&](auto& out) { out.add_u32(pattern, 2); }), "1010101");
  EXPECT_EQ(windowed([&](auto& out) { out.add_ints(pattern, {1, 0, 0, 0, 0, 0, 1}); }), "1000001");
  EXPECT_EQ(code_of([&] { windowed([&](auto& out) {
                            out.add_ints(pattern, {1, 0});
                          }); }),
            Code::malformed);
  EXPECT_EQ(code_of([&] { windowed([&](auto& out) { out.add_u32(pattern, 0); }); }),
            Code::unsupported);
  EXPECT_EQ(
      read_gguf("gemma3", [](auto& out) { out.add_f32("gemma3.rope.freq_base_swa", 5000.0f); })
          .rope_window_theta,
      5000.0f);
  ModelConfig global = find_variant("gemma3").config;
  global.windowed = {};
  global.window = 0;
  global.rope_window_theta = 0.0f;
  EXPECT_EQ(read_gguf(test::seeded_model(global, 1), [](auto&) {}), global);
}

TEST(FamilyKeys, VariantsAreRefusedByKey) {
  const auto refuse = [](const std::string& name, const std::string& key, std::uint32_t value) {
    std::string sentence;
    EXPECT_EQ(
        code_of([&] { read_gguf(name, [&](auto& out) { out.add_u32(key, value); }); }, &sentence),
        Code::unsupported)
        << key;
    EXPECT_NE(sentence.find(key), std::string::npos) << sentence;
  };
  refuse("qwen2", "qwen2.attention.sliding_window", 16);
  refuse("qwen3", "qwen3.expert_count", 8);
  refuse("gemma", "gemma.attn_logit_softcapping", 50);
  refuse("gemma2", "gemma2.rope.freq_base_swa", 5000);
  refuse("phi3_long", "phi3.rope.scaling.yarn_ext_factor", 1);
  refuse("gpt2", "gpt2.attention.scale", 1);
}

TEST(FamilyKeys, LongRopeNeedsBothLists) {
  formats::ModelSource model = test::seeded_model(find_variant("phi3_window").config, 1);
  std::string sentence;
  EXPECT_EQ(code_of(
                [&] {
                  read_gguf(model, [](auto& out) {
                    out.add_f32_tensor("rope_factors_long.weight", {8},
                                       std::vector<float>(8, 2.0f));
                  });
                },
                &sentence),
            Code::missing_tensor);
  EXPECT_NE(sentence.find("rope_factors_short.weight"), std::string::npos);
  EXPECT_EQ(code_of([&] {
              read_gguf(model, [](auto& out) {
                out.add_text("phi3.rope.scaling.type", "yarn");
                for (const char* name : {"rope_factors_long.weight", "rope_factors_short.weight"}) {
                  out.add_f32_tensor(name, {8}, std::vector<float>(8, 2.0f));
                }
              });
            }),
            Code::unsupported);
}

// A variant with nothing larger than it must be.
formats::ModelSource smallest(const std::string& name) {
  ModelConfig config = find_variant(name).config;
  config.vocab_size = 8;
  config.dim = 8;
  config.layers = 2;
  config.heads = 2;
  config.kv_heads = config.kv_heads == 4 ? 2 : 1;
  config.head_dim = 4;
  config.hidden_dim = 8;
  config.max_context = std::min(config.max_context, 64u);
  config.windowed.resize(std::min<std::size_t>(config.windowed.size(), 2));
  config.rope_dim = 0;
  config.rope_short_factors.resize(std::min<std::size_t>(config.rope_short_factors.size(), 2));
  config.rope_long_factors.resize(config.rope_short_factors.size());
  return test::seeded_model(config, 1);
}

TEST(FamilyKeys, EveryCorruptedByteIsAnErrorOrAModel) {
  for (const char* name : {"llama3", "llama_yarn", "gemma2", "gemma3", "phi3_long", "gpt2"}) {
    const test::TempDir folder;
    const test::GgufWriter writer = test::model_gguf(smallest(name));
    std::vector<std::uint8_t> bytes = writer.bytes();
    int refused = 0;
    for (std::size_t i = 0; i < writer.header_size(); ++i) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ flip);
        test::write_file(folder / "m.gguf", bytes);
        try {
          read_gguf_model(std::make_shared<const GgufFile>(folder / "m.gguf"));
        } catch (const Error&) {
          ++refused;
        }
        bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ flip);
      }
    }
    EXPECT_GT(refused, 1000) << name;
  }
}

}  // namespace
}  // namespace crayon::importers
