#include <cmath>

#include "formats/importers/gguf_import.h"
#include "formats/importers/importers.h"
#include "formats/importers/json_object.h"
#include "formats/importers/peft.h"
#include "formats/packer.h"
#include "tests/formats/importers/safetensors_writer.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::AdapterSource;
using formats::Projection;
using formats::SourceLora;
using test::code_of;
using test::GgufWriter;
using test::SafetensorsWriter;

constexpr const char* q_proj = "model.layers.1.self_attn.q_proj";
constexpr const char* down_proj = "model.layers.0.mlp.down_proj";

std::vector<float> counting(std::size_t count, float first) {
  std::vector<float> values(count);
  for (float& value : values) {
    value = first++;
  }
  return values;
}

std::string peft_name(const std::string& module, const char* factor) {
  return "base_model.model." + module + ".lora_" + factor + ".weight";
}

Json peft_config() {
  return {{"peft_type", "LORA"}, {"r", 2},
          {"lora_alpha", 8},     {"bias", "none"},
          {"use_dora", false},   {"target_modules", {"q_proj", "down_proj"}}};
}

// Rank 2 on q of layer 1 (8 x 8) and on down of layer 0 (8 x 12).
SafetensorsWriter peft_weights() {
  SafetensorsWriter writer;
  writer.add_f32(peft_name(q_proj, "A"), {2, 8}, counting(16, 0));
  writer.add_f32(peft_name(q_proj, "B"), {8, 2}, counting(16, 100));
  writer.add_f32(peft_name(down_proj, "A"), {2, 12}, counting(24, 200));
  writer.add_f32(peft_name(down_proj, "B"), {8, 2}, counting(16, 300));
  return writer;
}

class Peft : public testing::Test {
 protected:
  AdapterSource import(const Json& config, const SafetensorsWriter& weights) {
    test::write_json(folder_ / "adapter_config.json", config);
    test::write_file(folder_ / "adapter_model.safetensors", weights.bytes());
    return read_peft_adapter(folder_.path(), base_);
  }
  Code failure(const Json& config, const SafetensorsWriter& weights, std::string* sentence) {
    return code_of([&] { import(config, weights); }, sentence);
  }

  formats::ModelConfig base_ = test::tiny_llama_config();
  test::TempDir folder_;
};

TEST_F(Peft, ReadsFactorsAndScale) {
  const AdapterSource adapter = import(peft_config(), peft_weights());
  EXPECT_EQ(adapter.rank, 2u);
  EXPECT_EQ(adapter.scale, 4.0f);
  EXPECT_EQ(adapter.name, folder_.path().filename().string());
  ASSERT_EQ(adapter.factors.size(), 2u);
  const SourceLora& down = adapter.factors[0];
  EXPECT_EQ(down.layer, 0u);
  EXPECT_EQ(down.projection, Projection::down);
  EXPECT_EQ(down.a, counting(24, 200));
  EXPECT_EQ(down.b, counting(16, 300));
  const SourceLora& q = adapter.factors[1];
  EXPECT_EQ(q.layer, 1u);
  EXPECT_EQ(q.projection, Projection::q);
  EXPECT_EQ(q.a, counting(16, 0));
  EXPECT_EQ(q.b, counting(16, 100));
}

TEST_F(Peft, RsLoraDividesByTheRoot) {
  Json config = peft_config();
  config["r"] = 2;
  config["use_rslora"] = true;
  EXPECT_FLOAT_EQ(import(config, peft_weights()).scale, 8.0f / std::sqrt(2.0f));
}

TEST_F(Peft, PatternsGoIntoB) {
  Json config = peft_config();
  config["r"] = 4;
  config["rank_pattern"] = {{"q_proj", 2}, {"layers.0.mlp.down_proj", 2}};
  config["alpha_pattern"] = {{"q_proj", 2}};
  const AdapterSource adapter = import(config, peft_weights());
  EXPECT_EQ(adapter.scale, 4.0f);  // of down: 8 / 2
  std::vector<float> b = counting(16, 100);
  for (float& value : b) {
    value *= 0.25f;  // q: 2 / 2 against 4
  }
  EXPECT_EQ(adapter.factors[1].b, b);
  EXPECT_EQ(adapter.factors[0].b, counting(16, 300));
}

TEST_F(Peft, RefusesOtherKindsByField) {
  const auto refuse = [&](const char* field, const Json& value) {
    Json config = peft_config();
    config[field] = value;
    std::string sentence;
    EXPECT_EQ(failure(config, peft_weights(), &sentence), Code::unsupported_adapter) << field;
    EXPECT_NE(sentence.find(field), std::string::npos) << sentence;
  };
  refuse("peft_type", "IA3");
  refuse("use_dora", true);
  refuse("bias", "all");
  refuse("modules_to_save", {"lm_head"});
  refuse("lora_bias", true);
  refuse("rank_pattern", {{"^q_proj$", 2}});
  Json harmless = peft_config();
  harmless["modules_to_save"] = nullptr;
  harmless["target_modules"] = "all-linear";
  EXPECT_NO_THROW(import(harmless, peft_weights()));
}

/// Rows [first, first + count) of a matrix of `cols` columns.
std::vector<float> rows_of(const std::vector<float>& matrix, std::size_t cols, std::size_t first,
                           std::size_t count) {
  const auto begin = matrix.begin() + static_cast<std::ptrdiff_t>(first * cols);
  return {begin, begin + static_cast<std::ptrdiff_t>(count * cols)};
}

// Phi-3 has q, k and v in one weight, and gate and up in another.
TEST_F(Peft, FusedWeightsShareAAndDivideB) {
  base_.architecture = "phi3";
  SafetensorsWriter weights;
  const std::string qkv = "model.layers.0.self_attn.qkv_proj";
  const std::string gate_up = "model.layers.1.mlp.gate_up_proj";
  weights.add_f32(peft_name(gate_up, "B"), {24, 2}, counting(48, 400));
  weights.add_f32(peft_name(gate_up, "A"), {2, 8}, counting(16, 300));
  weights.add_f32(peft_name(qkv, "A"), {2, 8}, counting(16, 0));
  weights.add_f32(peft_name(qkv, "B"), {16, 2}, counting(32, 100));
  Json config = peft_config();
  config["target_modules"] = "^model.*(qkv|gate_up)_proj$";
  config["alpha_pattern"] = {{"gate_up_proj", 16}};
  const AdapterSource adapter = import(config, weights);
  ASSERT_EQ(adapter.factors.size(), 5u);
  const auto expect = [&](std::size_t i, std::uint32_t layer, Projection projection, float first_a,
                          const std::vector<float>& b) {
    const SourceLora& lora = adapter.factors[i];
    EXPECT_EQ(lora.layer, layer) << i;
    EXPECT_EQ(lora.projection, projection) << i;
    EXPECT_EQ(lora.rank, 2u) << i;
    EXPECT_EQ(lora.a, counting(16, first_a)) << i;
    EXPECT_EQ(lora.b, b) << i;
  };
  expect(0, 0, Projection::q, 0, rows_of(counting(32, 100), 2, 0, 8));
  expect(1, 0, Projection::k, 0, rows_of(counting(32, 100), 2, 8, 4));
  expect(2, 0, Projection::v, 0, rows_of(counting(32, 100), 2, 12, 4));
  std::vector<float> doubled = counting(48, 400);  // 16 / 2 against the adapter's 8 / 2
  for (float& value : doubled) {
    value *= 2;
  }
  expect(3, 1, Projection::gate, 300, rows_of(doubled, 2, 0, 12));
  expect(4, 1, Projection::up, 300, rows_of(doubled, 2, 12, 12));

  SafetensorsWriter short_by_one;
  short_by_one.add_f32(peft_name(qkv, "A"), {2, 8}, counting(16, 0));
  short_by_one.add_f32(peft_name(qkv, "B"), {15, 2}, counting(30, 0));
  std::string sentence;
  EXPECT_EQ(failure(peft_config(), short_by_one, &sentence), Code::bad_shape);
  EXPECT_NE(sentence.find("layers.0.q with layers.0.k with layers.0.v (16 x 8)"), std::string::npos)
      << sentence;
}

// GPT-2 keeps its weights transposed; the factors of an adapter are not.
TEST_F(Peft, AnAdapterOfATransposedWeightIsNotTransposed) {
  base_.architecture = "gpt2";
  base_.kv_heads = base_.heads;
  base_.gated = false;
  SafetensorsWriter weights;
  const std::string module = "transformer.h.1.attn.c_attn";
  weights.add_f32(peft_name(module, "A"), {2, 8}, counting(16, 0));
  weights.add_f32(peft_name(module, "B"), {24, 2}, counting(48, 100));
  Json config = peft_config();
  config["fan_in_fan_out"] = true;
  config["layers_to_transform"] = {1};
  const AdapterSource adapter = import(config, weights);
  ASSERT_EQ(adapter.factors.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(adapter.factors[i].layer, 1u);
    EXPECT_EQ(adapter.factors[i].projection, formats::all_projections[i]);
    EXPECT_EQ(adapter.factors[i].a, counting(16, 0));
    EXPECT_EQ(adapter.factors[i].b, rows_of(counting(48, 100), 2, 8 * i, 8));
  }
}

TEST_F(Peft, NamesATensorThatMatchesNothing) {
  for (const char* name :
       {"base_model.model.model.layers.2.mlp.down_proj.lora_A.weight",  // there are two layers
        "base_model.model.model.layers.00.mlp.down_proj.lora_A.weight",
        "base_model.model.lm_head.lora_A.weight",
        "base_model.model.model.embed_tokens.lora_embedding_A",
        "model.layers.0.mlp.down_proj.lora_A.weight",
        "base_model.model.model.layers.0.mlp.down_proj.lora_magnitude_vector.weight"}) {
    SafetensorsWriter weights = peft_weights();
    weights.add_f32(name, {2, 12}, counting(24, 0));
    std::string sentence;
    EXPECT_EQ(failure(peft_config(), weights, &sentence), Code::unmatched_tensor) << name;
    EXPECT_NE(sentence.find(name), std::string::npos) << sentence;
  }
}

TEST_F(Peft, NamesAShapeThatDoesNotFit) {
  SafetensorsWriter weights;
  weights.add_f32(peft_name(q_proj, "A"), {2, 9}, counting(18, 0));
  weights.add_f32(peft_name(q_proj, "B"), {8, 2}, counting(16, 0));
  std::string sentence;
  EXPECT_EQ(failure(peft_config(), weights, &sentence), Code::bad_shape);
  EXPECT_NE(sentence.find("q_proj"), std::string::npos);
  EXPECT_NE(sentence.find("layers.1.q"), std::string::npos);

  SafetensorsWriter alone;
  alone.add_f32(peft_name(q_proj, "A"), {2, 8}, counting(16, 0));
  EXPECT_EQ(failure(peft_config(), alone, &sentence), Code::bad_shape);

  Json other_rank = peft_config();
  other_rank["r"] = 3;
  EXPECT_EQ(failure(other_rank, peft_weights(), &sentence), Code::bad_shape);
  EXPECT_EQ(failure(peft_config(), SafetensorsWriter(), &sentence), Code::unsupported_adapter);
}

class GgufAdapter : public testing::Test {
 protected:
  static GgufWriter keys() {
    GgufWriter writer;
    writer.add_text("general.architecture", "llama");
    writer.add_text("general.type", "adapter");
    writer.add_text("adapter.type", "lora");
    writer.add_f32("adapter.lora.alpha", 8.0f);
    return writer;
  }
  AdapterSource import(const GgufWriter& writer) {
    test::write_file(folder_ / "a.gguf", writer.bytes());
    return read_gguf_adapter(GgufFile(folder_ / "a.gguf"), test::tiny_llama_config());
  }

  test::TempDir folder_;
};

TEST_F(GgufAdapter, PutsRowsOfBIntoTheHalfSplitOrder) {
  GgufWriter writer = keys();
  writer.add_f32_tensor("blk.1.attn_q.weight.lora_a", {8, 2}, counting(16, 0));
  writer.add_f32_tensor("blk.1.attn_q.weight.lora_b", {2, 8},
                        test::interleave(counting(16, 100), 2, 4));
  writer.add_f32_tensor("blk.0.ffn_down.weight.lora_a", {12, 1}, counting(12, 200));
  writer.add_f32_tensor("blk.0.ffn_down.weight.lora_b", {1, 8}, counting(8, 300));
  const AdapterSource adapter = import(writer);
  EXPECT_EQ(adapter.rank, 2u);
  EXPECT_EQ(adapter.scale, 8.0f);  // of down, whose rank is 1
  EXPECT_EQ(adapter.factors.at(0).b, counting(8, 300));
  std::vector<float> b = counting(16, 100);
  for (float& value : b) {
    value *= 0.5f;  // q: 8 / 2 against 8
  }
  EXPECT_EQ(adapter.factors.at(1).b, b);
}

TEST_F(GgufAdapter, RefusesWhatIsNoLoraForThisBase) {
  GgufWriter model = test::tiny_gguf();
  EXPECT_EQ(code_of([&] { import(model); }), Code::unsupported_adapter);
  GgufWriter other;
  other.add_text("general.architecture", "qwen2");
  other.add_text("general.type", "adapter");
  other.add_text("adapter.type", "lora");
  EXPECT_EQ(code_of([&] { import(other); }), Code::wrong_base);
  GgufWriter unmatched = keys();
  unmatched.add_f32_tensor("token_embd.weight.lora_a", {8, 2}, counting(16, 0));
  std::string sentence;
  EXPECT_EQ(code_of([&] { import(unmatched); }, &sentence), Code::unmatched_tensor);
  EXPECT_NE(sentence.find("token_embd.weight.lora_a"), std::string::npos);
}

// Through the public door: the base is a bundle.
TEST_F(Peft, IsImportedAndPackedForABundle) {
  test::write_file(folder_ / "base.gguf", test::tiny_gguf().bytes());
  const auto base_path = folder_ / "base.crayon";
  formats::pack_model(import_model(folder_ / "base.gguf", {}), {}, base_path, {});
  const formats::Bundle base = formats::Bundle::open(base_path);
  test::write_json(folder_ / "adapter_config.json", peft_config());
  test::write_file(folder_ / "adapter_model.safetensors", peft_weights().bytes());
  const AdapterSource adapter = import_adapter(folder_.path(), base);
  formats::pack_adapter(adapter, base, folder_ / "a.crayon");
  const formats::Bundle packed = formats::Bundle::open(folder_ / "a.crayon");
  const AdapterSource again = formats::read_adapter(packed, 0, base);
  ASSERT_EQ(again.factors.size(), 2u);
  EXPECT_EQ(again.factors[1].b, adapter.factors[1].b);
  EXPECT_EQ(packed.info().provenance.source_hash,
            formats::to_hex(formats::hash_of(peft_weights().bytes())));
  EXPECT_EQ(code_of([&] { import_adapter(folder_ / "base.gguf", base); }),
            Code::unsupported_adapter);
  EXPECT_EQ(code_of([&] { import_adapter(folder_.path(), packed); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::importers
