// What config.json says beyond what arch_variants.h has of it.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "formats/importers/huggingface.h"
#include "tests/formats/importers/arch_variants.h"
#include "tests/formats/importers/model_writer.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using test::ArchVariant;
using test::code_of;
using test::find_variant;

using Edit = std::function<void(Json&)>;

ModelConfig read(const std::string& name, const Edit& edit) {
  const ArchVariant& variant = find_variant(name);
  Json json = test::model_config_json(variant.config, variant.huggingface);
  edit(json);
  const Json parsed = Json::parse(json.dump());  // numbers as a file has them
  return read_huggingface_config(JsonObject(parsed, "config.json"));
}

void expect_refused(const std::string& name, const std::string& field, const Json& value) {
  std::string sentence;
  const Code code =
      code_of([&] { read(name, [&](Json& json) { json[field] = value; }); }, &sentence);
  EXPECT_EQ(code, Code::unsupported) << name << " " << field;
  EXPECT_NE(sentence.find(field), std::string::npos) << sentence;
}

std::string marks(const std::vector<bool>& flags) {
  std::string text;
  for (const bool flag : flags) {
    text += flag ? '1' : '0';
  }
  return text;
}

TEST(MistralConfig, AWindowThatIsNullIsNone) {
  const auto window = [](const Edit& edit) { return read("mistral_window", edit).window; };
  EXPECT_EQ(window([](Json& json) { json["sliding_window"] = nullptr; }), 0u);
  EXPECT_EQ(window([](Json& json) { json["sliding_window"] = 256; }), 0u);  // all positions
  // The default, where the context is longer.
  EXPECT_EQ(window([](Json& json) {
              json.erase("sliding_window");
              json["max_position_embeddings"] = 8192;
            }),
            4096u);
  expect_refused("mistral_window", "attention_bias", true);
  expect_refused("mistral_window", "layer_types", {"full_attention"});
}

TEST(SmolLm3Config, LayersWithoutRope) {
  const auto unrotated = [](const Edit& edit) { return marks(read("smollm3", edit).unrotated); };
  EXPECT_EQ(unrotated([](Json& json) { json["no_rope_layers"] = {1, 0, 1, 1, 0}; }), "01001");
  EXPECT_EQ(unrotated([](Json& json) { json.erase("no_rope_layers"); }), "00010");
  EXPECT_EQ(unrotated([](Json& json) {
              json.erase("no_rope_layers");
              json["no_rope_layer_interval"] = 2;
            }),
            "01010");
  const auto code = [](const char* field, const Json& value) {
    return code_of([&] { read("smollm3", [&](Json& json) { json[field] = value; }); });
  };
  EXPECT_EQ(code("no_rope_layers", {1, 0}), Code::malformed);
  EXPECT_EQ(code("no_rope_layers", {1, 0, 1, 1, 2}), Code::malformed);
  EXPECT_EQ(code("no_rope_layers", 7), Code::malformed);
  const ModelConfig windowed = read("smollm3", [](Json& json) {
    json["use_sliding_window"] = true;
    json["sliding_window"] = 16;
  });
  EXPECT_EQ(marks(windowed.windowed), "00010");
  EXPECT_EQ(read("smollm3", [](Json& json) { json.erase("rope_theta"); }).rope_theta, 2e6f);
}

TEST(QwenConfig, Windows) {
  for (const std::string name : {"qwen2", "qwen3"}) {
    const auto windowed = [&](const Edit& edit) {
      return marks(read(name, [&](Json& json) {
                     json["sliding_window"] = 16;
                     json["max_window_layers"] = 3;
                     edit(json);
                   }).windowed);
    };
    EXPECT_EQ(windowed([](Json&) {}), "");
    EXPECT_EQ(windowed([](Json& json) { json["use_sliding_window"] = true; }), "0001");
    EXPECT_EQ(windowed([](Json& json) {
                json["use_sliding_window"] = true;
                json["layer_types"] = {"sliding_attention", "full_attention", "full_attention",
                                       "full_attention"};
              }),
              "1000");
  }
  const ModelConfig biased = read("qwen3", [](Json& json) { json["attention_bias"] = true; });
  EXPECT_EQ(biased.biases, 0b1111);
  EXPECT_EQ(read("qwen3", [](Json& json) { json.erase("head_dim"); }).head_dim, 128u);
  expect_refused("qwen2", "num_experts", 8);
}

TEST(GemmaConfig, Activation) {
  const auto activation = [](const Json& act, const Json& newer) {
    return read("gemma",
                [&](Json& json) {
                  json["hidden_act"] = act;
                  json["hidden_activation"] = newer;
                })
        .activation;
  };
  EXPECT_EQ(activation("gelu", nullptr), formats::Activation::gelu_tanh);  // as they mean it
  EXPECT_EQ(activation("gelu", "gelu_pytorch_tanh"), formats::Activation::gelu_tanh);
  expect_refused("gemma", "hidden_activation", "gelu");
  expect_refused("gemma2", "hidden_activation", "gelu");
}

TEST(GemmaConfig, SoftCapsMayBeNullOrAbsent) {
  const auto caps = [](const Edit& edit) {
    const ModelConfig config = read("gemma2", edit);
    return std::pair(config.attention_softcap, config.logit_softcap);
  };
  EXPECT_EQ(caps([](Json& json) {
              json["attn_logit_softcapping"] = nullptr;
              json["final_logit_softcapping"] = nullptr;
            }),
            std::pair(0.0f, 0.0f));
  EXPECT_EQ(caps([](Json& json) {
              json.erase("attn_logit_softcapping");
              json.erase("final_logit_softcapping");
            }),
            std::pair(50.0f, 30.0f));
  const auto gemma3 = read("gemma3", [](Json& json) { json["final_logit_softcapping"] = 30.0; });
  EXPECT_EQ(gemma3.logit_softcap, 30.0f);
  expect_refused("gemma3", "attn_logit_softcapping", 50.0);
}

TEST(GemmaConfig, QueryScalar) {
  for (const char* name : {"gemma2", "gemma3"}) {
    const ModelConfig config = read(name, [](Json& json) { json["query_pre_attn_scalar"] = 144; });
    EXPECT_EQ(config.attention_scale, 1.0f / 12.0f);
    EXPECT_EQ(code_of([&] { read(name, [](Json& json) { json["query_pre_attn_scalar"] = 0; }); }),
              Code::malformed);
  }
}

TEST(GemmaConfig, WhichLayersSeeAWindow) {
  const auto windowed = [](const char* name, const Edit& edit) {
    return marks(read(name, [&](Json& json) {
                   json.erase("layer_types");
                   edit(json);
                 }).windowed);
  };
  EXPECT_EQ(windowed("gemma2", [](Json&) {}), "10101");
  EXPECT_EQ(windowed("gemma3", [](Json&) {}), "1111101");
  EXPECT_EQ(windowed("gemma3", [](Json& json) { json["sliding_window_pattern"] = 3; }), "1101101");
  EXPECT_EQ(windowed("gemma3", [](Json& json) { json["_sliding_window_pattern"] = 3; }), "1101101");
  // A window as long as the context still has its own theta.
  EXPECT_EQ(windowed("gemma3", [](Json& json) { json["sliding_window"] = 256; }), "1111101");
  EXPECT_EQ(windowed("gemma2", [](Json& json) { json["sliding_window"] = 256; }), "");
  expect_refused("gemma3", "sliding_window", nullptr);
  const Json types = {"chunked_attention", "x", "x", "x", "x", "x", "x"};
  expect_refused("gemma3", "layer_types", types);
  const ModelConfig none = read("gemma3", [](Json& json) {
    json.erase("layer_types");
    json["sliding_window_pattern"] = 1;
  });
  EXPECT_EQ(none.windowed, std::vector<bool>());
  EXPECT_EQ(none.rope_window_theta, 0.0f);
}

TEST(GemmaConfig, RopeOfEachKindOfLayer) {
  const auto with = [](const Json& global, const Json& local) {
    return read("gemma3", [&](Json& json) {
      json.erase("rope_scaling");
      json.erase("rope_theta");
      json.erase("rope_local_base_freq");
      json["rope_parameters"] = {{"full_attention", global}, {"sliding_attention", local}};
    });
  };
  const ModelConfig config = with({{"rope_type", "linear"}, {"factor", 4.0}, {"rope_theta", 2e6}},
                                  {{"rope_type", "default"}, {"rope_theta", 2e4}});
  EXPECT_EQ(config.rope_theta, 2e6f);
  EXPECT_EQ(config.rope_window_theta, 2e4f);
  EXPECT_EQ(config.rope_scaling, formats::RopeScaling::linear);
  EXPECT_EQ(config.rope_factor, 4.0f);
  EXPECT_EQ(with({{"rope_type", "default"}}, {{"rope_type", "default"}}).rope_theta, 1e6f);
  std::string sentence;
  EXPECT_EQ(code_of(
                [&] {
                  with({{"rope_type", "yarn"}}, {{"rope_type", "default"}});
                },
                &sentence),
            Code::unsupported);
  EXPECT_NE(sentence.find("full_attention: rope_type is yarn"), std::string::npos) << sentence;
  EXPECT_EQ(code_of([&] {
              with({{"rope_type", "default"}}, {{"rope_type", "linear"}});
            }),
            Code::unsupported);
}

TEST(Phi3Config, LongRope) {
  const auto magnitude = [](const Edit& edit) { return read("phi3_short", edit).rope_magnitude; };
  EXPECT_FLOAT_EQ(magnitude([](Json&) {}), std::sqrt(1.0f + std::log(2.0f) / std::log(256.0f)));
  EXPECT_EQ(magnitude([](Json& json) { json["max_position_embeddings"] = 256; }), 1.0f);
  EXPECT_EQ(magnitude([](Json& json) { json["rope_scaling"]["attention_factor"] = 1.5; }), 1.5f);
  EXPECT_NO_THROW(read("phi3_short", [](Json& json) { json["rope_scaling"]["type"] = "su"; }));
  expect_refused("phi3_short", "rope_scaling", {{"rope_type", "yarn"}});
  const auto code = [](const Edit& edit) { return code_of([&] { read("phi3_short", edit); }); };
  EXPECT_EQ(code([](Json& json) { json["rope_scaling"]["long_factor"] = {1.0}; }), Code::corrupt);
  EXPECT_EQ(code([](Json& json) { json["rope_scaling"]["long_factor"] = {"a"}; }), Code::malformed);
  EXPECT_EQ(code([](Json& json) { json["rope_scaling"].erase("short_factor"); }), Code::malformed);
  EXPECT_EQ(code([](Json& json) { json.erase("original_max_position_embeddings"); }),
            Code::malformed);
  EXPECT_EQ(code([](Json& json) { json["partial_rotary_factor"] = 0.0; }), Code::malformed);
  EXPECT_EQ(code([](Json& json) { json["partial_rotary_factor"] = 0.01; }), Code::malformed);
  // transformers 5 has all of it in one object.
  const ModelConfig flat = read("phi3_long", [](Json& json) {
    json["rope_parameters"] = json["rope_scaling"];
    json["rope_parameters"]["rope_theta"] = 20000.0;
    json["rope_parameters"]["partial_rotary_factor"] = json["partial_rotary_factor"];
    json.erase("rope_scaling");
    json.erase("partial_rotary_factor");
  });
  EXPECT_EQ(flat.rope_dim, 12u);
  EXPECT_EQ(flat.rope_theta, 20000.0f);
}

TEST(GptConfig, WhatOtherVariantsHave) {
  expect_refused("gpt2", "activation_function", "gelu");
  expect_refused("gpt2", "scale_attn_by_inverse_layer_idx", true);
  expect_refused("gpt2", "scale_attn_weights", false);
  expect_refused("gpt2", "add_cross_attention", true);
  expect_refused("gpt_neo", "activation_function", "relu");
  EXPECT_EQ(read("gpt2", [](Json& json) { json["n_inner"] = nullptr; }).hidden_dim, 256u);
  EXPECT_TRUE(read("gpt2", [](Json& json) { json.erase("tie_word_embeddings"); }).tied_head);
}

TEST(GptConfig, KindsOfAttention) {
  const auto windowed = [](const char* field, const Json& value) {
    return marks(read("gpt_neo", [&](Json& json) {
                   json.erase("attention_types");
                   json[field] = value;
                 }).windowed);
  };
  const Json pair = {"global", "local"};
  EXPECT_EQ(windowed("attention_types", Json::array({Json::array({pair, 2})})), "0101");
  EXPECT_EQ(windowed("attention_layers", {"local", "global", "global", "local"}), "1001");
  const auto code = [&](const char* field, const Json& value) {
    return code_of([&] { windowed(field, value); });
  };
  EXPECT_EQ(code("attention_types", Json::array({Json::array({pair, 3})})), Code::malformed);
  EXPECT_EQ(code("attention_types", Json::array({Json::array({pair, 4000000000u})})),
            Code::malformed);
  EXPECT_EQ(code("attention_types", Json::array({pair})), Code::malformed);
  EXPECT_EQ(code("attention_layers", {"sparse", "global", "global", "local"}), Code::unsupported);
  EXPECT_EQ(code("other", 1), Code::malformed);
}

TEST(FamilyConfig, AnUnknownClassIsNamedWithTheKnownOnes) {
  try {
    read("llama3", [](Json& json) { json["architectures"] = {"MixtralForCausalLM"}; });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::architecture);
    EXPECT_NE(std::string(error.what()).find("MixtralForCausalLM"), std::string::npos);
    EXPECT_NE(error.hint().find("gemma3"), std::string::npos);
    EXPECT_NE(error.hint().find("GPTNeoForCausalLM"), std::string::npos);
    EXPECT_EQ(error.hint().find("gpt_neo"), std::string::npos);  // no GGUF file has it
  }
}

TEST(FamilyConfig, LayersAreCountedBeforeTheyAreListed) {
  for (const ArchVariant& variant : test::arch_variants()) {
    const char* field = variant.name == "gpt2"      ? "n_layer"
                        : variant.name == "gpt_neo" ? "num_layers"
                                                    : "num_hidden_layers";
    EXPECT_EQ(code_of([&] { read(variant.name, [&](Json& json) { json[field] = 4000000000u; }); }),
              Code::corrupt)
        << variant.name;
  }
}

// Sets every field of an object, and of the objects in it, to each of some values in turn.
void with_each_value(Json& object, const std::function<void()>& action) {
  const Json values = {nullptr,
                       true,
                       -1,
                       0,
                       1,
                       7,
                       4000000000u,
                       18446744073709551615u,
                       0.5,
                       -1e308,
                       "x",
                       Json::array(),
                       Json::array({1, "x"}),
                       Json::object()};
  for (auto& [name, field] : object.items()) {
    if (field.is_object()) {
      with_each_value(field, action);
    }
    const Json before = field;
    for (const Json& value : values) {
      field = value;
      action();
    }
    field = before;
  }
}

TEST(FamilyConfig, AnyValueGivesAnErrorOrAConfiguration) {
  for (const ArchVariant& variant : test::arch_variants()) {
    Json json = test::model_config_json(variant.config, variant.huggingface);
    int refused = 0;
    with_each_value(json, [&] {
      const Json parsed = Json::parse(json.dump());
      try {
        formats::check(read_huggingface_config(JsonObject(parsed, "config.json")));
      } catch (const Error& error) {
        EXPECT_LT(error.code(), Code::bad_argument) << error.what();
        ++refused;
      }
    });
    EXPECT_GT(refused, 90) << variant.name;
  }
}

}  // namespace
}  // namespace crayon::importers
