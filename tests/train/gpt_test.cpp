#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/support.h"
#include "tests/train/tiny_config.h"
#include "train/model/decoder.h"
#include "train/model/forward.h"
#include "train/model/lora.h"
#include "train/model/tensor_file.h"

namespace crayon::train {
namespace {

const torch::Tensor& some_ids() {
  static const torch::Tensor ids =
      torch::tensor({{1, 7, 9, 3, 30, 8, 8}, {1, 5, 5, 6, 2, 9, 11}}, torch::kInt64);
  return ids;
}

/// Nothing in it is 0 or 1, as in a trained model.
Weights some_gpt(const Config& config) {
  Weights weights = Weights::random(config, 1);
  torch::manual_seed(9);
  for (const auto& [name, parameter] : weights.named()) {
    parameter->add_(torch::randn_like(*parameter) * 0.1);
  }
  return weights;
}

Config windowed() {
  Config config = tiny_gpt(Family::gpt_neo);
  config.windows = {0, 3};
  config.bos = config.eos = 39;
  return config;
}

const std::vector<Config>& gpts() {
  static const std::vector<Config> all = {tiny_gpt(Family::gpt2), windowed()};
  return all;
}

float distance(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<float>();
}

TEST(Gpt, LaterTokensDoNotChangeEarlierOnes) {
  for (const Config& config : gpts()) {
    const Weights weights = some_gpt(config);
    const torch::Tensor whole = residual(weights, some_ids(), nullptr, {});
    const torch::Tensor part = residual(weights, some_ids().narrow(1, 0, 3), nullptr, {});
    EXPECT_LT(distance(whole.narrow(1, 0, 3), part), 1e-5f);
  }
}

TEST(Gpt, AWindowHidesWhatLiesBeforeIt) {
  Config config = windowed();
  config.windows = {3, 3};  // two layers of them see 2 * 2 tokens back
  const Weights weights = some_gpt(config);
  torch::Tensor other = some_ids().clone();
  other.narrow(1, 0, 1).fill_(20);
  const torch::Tensor moved =
      (residual(weights, some_ids(), nullptr, {}) - residual(weights, other, nullptr, {}))
          .abs()
          .amax(2)
          .amax(0);
  EXPECT_GT(moved[4].item<float>(), 1e-6f);
  EXPECT_LT(moved.narrow(0, 5, 2).max().item<float>(), 1e-6f);
}

TEST(Gpt, SurvivesAFolder) {
  for (const Config& config : gpts()) {
    const test::TempDir folder;
    Weights weights = some_gpt(config);
    weights.save(folder.path(), torch::kFloat32);
    Weights read = Weights::load(folder.path());
    EXPECT_EQ(read.config, config);
    const auto wrote = weights.named();
    const auto found = read.named();
    ASSERT_EQ(wrote.size(), found.size());
    for (std::size_t i = 0; i < wrote.size(); ++i) {
      EXPECT_TRUE(torch::equal(*wrote[i].second, *found[i].second)) << wrote[i].first;
    }
  }
}

TEST(Gpt, TheFilesOfAModelWithoutItsHeadLackThePrefix) {
  const test::TempDir folder;
  Weights weights = some_gpt(tiny_gpt(Family::gpt2));
  weights.save(folder.path(), torch::kFloat32);
  TensorFile file = read_tensors(folder / "model.safetensors");
  EXPECT_EQ(file.tensors.at("transformer.h.1.attn.c_attn.weight").sizes(),
            (std::vector<std::int64_t>{32, 96}));
  TensorFile bare;
  for (const auto& [name, tensor] : file.tensors) {
    bare.tensors[name.substr(std::string("transformer.").size())] = tensor;
  }
  write_tensors(bare, folder / "model.safetensors");
  EXPECT_TRUE(torch::equal(Weights::load(folder.path()).layers[1].at(Projection::k),
                           weights.layers[1].at(Projection::k)));
  bare.tensors.erase("h.1.attn.c_attn.bias");
  write_tensors(bare, folder / "model.safetensors");
  EXPECT_EQ(test::code_of([&] { Weights::load(folder.path()); }), Code::missing_tensor);
}

TEST(Gpt, CountsItsParametersAndGrowsWithoutChangingWhatItComputes) {
  for (const Config& config : gpts()) {
    Weights weights = some_gpt(config);
    std::int64_t count = 0;
    for (const auto& [name, parameter] : weights.named()) {
      count += parameter->numel();
    }
    EXPECT_EQ(count, parameters(config));
    const Weights grown = grow(weights, 5);
    EXPECT_LT(distance(residual(weights, some_ids(), nullptr, {}),
                       residual(grown, some_ids(), nullptr, {})),
              1e-6f);
  }
}

TEST(Gpt, WhatIsNotTrainedHereIsRefusedByName) {
  const test::TempDir folder;
  const auto code = [&](const std::string& fields) {
    std::ofstream(folder / "config.json") << "{" << fields << "}";
    return test::code_of([&] { Weights::load(folder.path()); });
  };
  const std::string gpt2 =
      R"("architectures":["GPT2LMHeadModel"],"vocab_size":40,"n_embd":32,"n_layer":2,)";
  EXPECT_EQ(code(gpt2 + R"("n_head":4,"n_positions":8,"activation_function":"gelu")"),
            Code::unsupported);
  EXPECT_EQ(code(gpt2 + R"("n_head":4,"n_positions":8,"scale_attn_by_inverse_layer_idx":true)"),
            Code::unsupported);
  EXPECT_EQ(code(gpt2 + R"("n_head":5,"n_positions":8)"), Code::bad_argument);
  EXPECT_EQ(code(gpt2 + R"("n_head":4)"), Code::malformed);
  const std::string neo = R"("architectures":["GPTNeoForCausalLM"],"vocab_size":40,)"
                          R"("hidden_size":32,"num_layers":2,"num_heads":4,)"
                          R"("max_position_embeddings":64,"attention_types":)";
  EXPECT_EQ(code(neo + R"([[["global"],3]])"), Code::malformed);
  EXPECT_EQ(code(neo + R"([[["global"],1]])"), Code::malformed);
  EXPECT_EQ(code(neo + R"([[["sliding"],2]])"), Code::unsupported);
}

TEST(Gpt, ATextOfMorePositionsThanThereAreIsAnError) {
  Config config = tiny_gpt(Family::gpt2);
  config.context = 6;
  const Weights weights = some_gpt(config);
  EXPECT_EQ(test::code_of([&] { residual(weights, some_ids(), nullptr, {}); }), Code::bad_argument);
}

TEST(Gpt, AnAdapterOfAFusedMapIsFused) {
  const test::TempDir folder;
  LoraPool pool = LoraPool::random(tiny_gpt(Family::gpt2), 1, 3, 6, 11);
  torch::manual_seed(5);
  for (auto& [name, parameter] : pool.named()) {
    parameter->normal_(0, 0.1);
  }
  save_peft(pool, 0, folder.path(), "base");
  const TensorFile file = read_tensors(folder / "adapter_model.safetensors");
  EXPECT_EQ(file.tensors.size(), 2 * 4 * 2u);
  const std::string name = "base_model.model.transformer.h.1.attn.c_attn.lora_";
  const torch::Tensor product =
      torch::mm(file.tensors.at(name + "B.weight"), file.tensors.at(name + "A.weight"));
  const LowRankPair& k = pool.at(1, Projection::k);
  EXPECT_LT(distance(product.narrow(0, 32, 32), torch::mm(k.b, k.a)), 1e-6f);
}

}  // namespace
}  // namespace crayon::train
