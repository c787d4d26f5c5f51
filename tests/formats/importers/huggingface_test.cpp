#include "formats/importers/huggingface.h"

#include <cmath>

#include "formats/importers/importers.h"
#include "tests/formats/importers/safetensors_writer.h"
#include "tests/formats/importers/tiny_tokenizer_json.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using formats::ModelSource;
using test::code_of;
using test::SafetensorsWriter;
using test::TinyTensor;

class HuggingFace : public testing::Test {
 protected:
  HuggingFace() {
    test::write_json(folder_ / "config.json", test::tiny_config_json());
    test::write_json(folder_ / "tokenizer.json", test::byte_fallback_json());
  }
  SafetensorsWriter weights() {
    SafetensorsWriter writer;
    for (const TinyTensor& tensor : test::tiny_llama_tensors(true)) {
      writer.add_f32(tensor.source, test::file_shape(tensor), tensor.values);
    }
    return writer;
  }
  ModelSource import(const SafetensorsWriter& writer) {
    test::write_file(folder_ / "model.safetensors", writer.bytes());
    return import_model(folder_.path(), {});
  }
  void set_config(const std::string& field, const Json& value) {
    Json config = test::tiny_config_json();
    config[field] = value;
    test::write_json(folder_ / "config.json", config);
  }

  test::TempDir folder_;
};

void expect_tiny(const ModelSource& model) {
  EXPECT_EQ(model.config, test::tiny_llama_config());
  EXPECT_EQ(model.tensors.size(), 21u);
  for (const TinyTensor& tensor : test::tiny_llama_tensors(true)) {
    EXPECT_EQ(test::read_all(model, tensor.bundle), tensor.values) << tensor.bundle;
  }
}

TEST_F(HuggingFace, ImportsTheWholeModel) {
  const ModelSource model = import(weights());
  expect_tiny(model);
  EXPECT_EQ(model.tokenizer.pieces.size(), 10u);
  EXPECT_EQ(model.provenance.source, folder_.path().filename().string());
  EXPECT_EQ(model.provenance.source_hash, formats::to_hex(formats::hash_of(weights().bytes())));
}

TEST_F(HuggingFace, ImportsShards) {
  SafetensorsWriter parts[2];
  Json weight_map;
  std::size_t count = 0;
  for (const TinyTensor& tensor : test::tiny_llama_tensors(true)) {
    const std::size_t part = count++ % 2;
    parts[part].add_f32(tensor.source, test::file_shape(tensor), tensor.values);
    weight_map[tensor.source] = part == 0 ? "0.safetensors" : "1.safetensors";
  }
  test::write_file(folder_ / "0.safetensors", parts[0].bytes());
  test::write_file(folder_ / "1.safetensors", parts[1].bytes());
  test::write_json(folder_ / "model.safetensors.index.json", {{"weight_map", weight_map}});
  expect_tiny(import_model(folder_.path(), {}));
}

TEST_F(HuggingFace, KnownLeftoversAreFineAndOthersAreNot) {
  SafetensorsWriter writer = weights();
  writer.add_f32("model.layers.0.self_attn.rotary_emb.inv_freq", {2}, std::vector<float>(2));
  EXPECT_NO_THROW(import(writer));
  writer.add("model.layers.0.rotary_emb.inv_freq", "I64", {1}, std::vector<std::uint8_t>(8));
  EXPECT_NO_THROW(import(writer));  // nobody reads it
  writer.add_f32("model.layers.0.self_attn.q_proj.bias", {8}, std::vector<float>(8));
  std::string sentence;
  EXPECT_EQ(code_of([&] { import(writer); }, &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("q_proj.bias"), std::string::npos);
}

TEST_F(HuggingFace, ATiedHeadMayBeSavedOrNot) {
  set_config("tie_word_embeddings", true);
  EXPECT_EQ(import(weights()).tensors.size(), 20u);
  set_config("tie_word_embeddings", false);
  EXPECT_FALSE(import(weights()).config.tied_head);
}

TEST_F(HuggingFace, ReadsRopeScaling) {
  set_config("rope_scaling", {{"type", "linear"}, {"factor", 4.0}});
  ModelConfig config = import(weights()).config;
  EXPECT_EQ(config.rope_scaling, formats::RopeScaling::linear);
  EXPECT_EQ(config.rope_factor, 4.0f);
  const Json llama3 = {{"rope_type", "llama3"},
                       {"factor", 32.0},
                       {"low_freq_factor", 1.0},
                       {"high_freq_factor", 4.0},
                       {"original_max_position_embeddings", 8192}};
  set_config("rope_scaling", llama3);
  config = import(weights()).config;
  EXPECT_EQ(config.rope_scaling, formats::RopeScaling::llama3);
  EXPECT_EQ(config.rope_factor, 32.0f);
  EXPECT_EQ(config.rope_original_context, 8192u);
  set_config("rope_parameters", {{"rope_type", "default"}, {"rope_theta", 123.0}});
  EXPECT_EQ(import(weights()).config.rope_theta, 123.0f);
  set_config("rope_scaling", {{"rope_type", "dynamic"}, {"factor", 4.0}});
  std::string sentence;
  EXPECT_EQ(code_of([&] { import(weights()); }, &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("rope_type is dynamic"), std::string::npos) << sentence;
  set_config("rope_scaling", {{"rope_type", "llama3"}, {"factor", 4.0}});
  EXPECT_EQ(code_of([&] { import(weights()); }), Code::malformed);
}

TEST_F(HuggingFace, ReadsYarn) {
  const auto read = [&](Json scaling) {
    scaling["type"] = "yarn";
    set_config("rope_scaling", scaling);
    return import(weights()).config;
  };
  ModelConfig config =
      read({{"factor", 4.0}, {"original_max_position_embeddings", 8}, {"beta_fast", 16.0}});
  EXPECT_EQ(config.rope_scaling, formats::RopeScaling::yarn);
  EXPECT_EQ(config.rope_factor, 4.0f);
  EXPECT_EQ(config.rope_original_context, 8u);
  EXPECT_EQ(config.rope_beta_fast, 16.0f);
  EXPECT_EQ(config.rope_beta_slow, 1.0f);
  EXPECT_FLOAT_EQ(config.rope_magnitude, 1.0f + 0.1f * std::log(4.0f));
  EXPECT_EQ(read({{"factor", 4.0}, {"attention_factor", 1.5}}).rope_magnitude, 1.5f);
  EXPECT_EQ(read({{"factor", 4.0}}).rope_original_context, 32u);
  config = read({{"factor", 4.0}, {"mscale", 0.5}, {"mscale_all_dim", 2.0}});
  EXPECT_FLOAT_EQ(config.rope_magnitude,
                  (1.0f + 0.05f * std::log(4.0f)) / (1.0f + 0.2f * std::log(4.0f)));
  // Without a factor it is what the contexts say.
  EXPECT_EQ(read({{"original_max_position_embeddings", 16}}).rope_factor, 2.0f);
  EXPECT_EQ(code_of([&] { read({{"factor", 4.0}, {"truncate", false}}); }), Code::unsupported);
}

TEST_F(HuggingFace, RefusesVariantsByField) {
  const auto refuse = [&](const char* field, const Json& value, Code code) {
    set_config(field, value);
    std::string sentence;
    EXPECT_EQ(code_of([&] { import(weights()); }, &sentence), code) << field;
    return sentence;
  };
  refuse("architectures", {"MambaForCausalLM"}, Code::architecture);
  refuse("attention_bias", true, Code::missing_tensor);
  EXPECT_NE(refuse("hidden_act", "gelu", Code::unsupported).find("hidden_act is gelu"),
            std::string::npos);
  for (const char* flag : {"rope_interleaved", "use_bidirectional_attention", "is_encoder_decoder",
                           "add_cross_attention", "use_parallel_residual", "parallel_residual"}) {
    EXPECT_NE(refuse(flag, true, Code::unsupported).find(flag), std::string::npos);
  }
  for (const char* count :
       {"num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"}) {
    EXPECT_NE(refuse(count, 8, Code::unsupported).find(count), std::string::npos);
  }
  refuse("partial_rotary_factor", 0.5, Code::unsupported);
  refuse("rope_parameters", {{"full_attention", {{"rope_theta", 1.0}}}}, Code::unsupported);
  refuse("quantization_config", {{"bits", 4}}, Code::unsupported);
  refuse("hidden_size", "8", Code::malformed);
  refuse("hidden_size", -8, Code::malformed);
  refuse("num_attention_heads", 0, Code::corrupt);
  refuse("hidden_size", 16, Code::bad_shape);
  refuse("vocab_size", 9, Code::bad_shape);
  refuse("num_hidden_layers", 3, Code::missing_tensor);
}

TEST_F(HuggingFace, DefaultsFollowTransformers) {
  Json json = test::tiny_config_json();
  for (const char* field : {"num_key_value_heads", "rms_norm_eps", "rope_theta", "hidden_act"}) {
    json.erase(field);
  }
  const auto read = [&json] {
    const Json parsed = Json::parse(json.dump());  // numbers as a file has them
    return read_huggingface_config(JsonObject(parsed, "config.json"));
  };
  const ModelConfig config = read();
  EXPECT_EQ(config.kv_heads, 2u);
  EXPECT_EQ(config.head_dim, 4u);
  EXPECT_EQ(config.norm_eps, 1e-6f);
  EXPECT_EQ(config.rope_theta, 10000.0f);
  json["head_dim"] = 6;
  EXPECT_EQ(read().head_dim, 6u);
}

TEST_F(HuggingFace, SaysWhatIsMissing) {
  std::string sentence;
  EXPECT_EQ(code_of([&] { import_model(folder_.path(), {}); }, &sentence), Code::not_found);
  EXPECT_NE(sentence.find("model.safetensors"), std::string::npos);
  std::filesystem::remove(folder_ / "tokenizer.json");
  EXPECT_EQ(code_of([&] { import(weights()); }, &sentence), Code::not_found);
  EXPECT_NE(sentence.find("tokenizer.json"), std::string::npos);
}

}  // namespace
}  // namespace crayon::importers
