#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
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
      torch::tensor({{1, 7, 9, 3, 30}, {1, 5, 5, 6, 2}}, torch::kInt64);
  return ids;
}

/// A pool whose B is not zero, as a trained one's.
LoraPool some_pool(std::int64_t size) {
  LoraPool pool = LoraPool::random(tiny, size, 3, 6, 11);
  torch::manual_seed(5);
  for (auto& [name, parameter] : pool.named()) {
    if (name.ends_with("lora_B")) {
      parameter->normal_(0, 0.1);
    }
  }
  return pool;
}

float distance(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<float>();
}

TEST(Decoder, LaterTokensDoNotChangeEarlierOnes) {
  const Weights weights = Weights::random(tiny, 1);
  const torch::Tensor whole = residual(weights, some_ids(), nullptr, {});
  const torch::Tensor part = residual(weights, some_ids().narrow(1, 0, 3), nullptr, {});
  EXPECT_LT(distance(whole.narrow(1, 0, 3), part), 1e-5f);
}

TEST(Decoder, SurvivesAFolder) {
  const test::TempDir folder;
  Weights weights = Weights::random(tiny, 1);
  weights.save(folder.path(), torch::kFloat32);
  Weights read = Weights::load(folder.path());
  EXPECT_EQ(read.config, tiny);
  EXPECT_TRUE(torch::equal(read.embedding, weights.embedding));
  EXPECT_TRUE(
      torch::equal(read.layers[1].at(Projection::down), weights.layers[1].at(Projection::down)));
}

TEST(Decoder, GrowsWithoutChangingWhatItComputes) {
  const Weights weights = Weights::random(tiny, 1);
  for (const std::int64_t layers : {2, 3, 4, 7}) {
    const Weights grown = grow(weights, layers);
    EXPECT_EQ(grown.layers.size(), static_cast<std::size_t>(layers));
    EXPECT_LT(distance(residual(weights, some_ids(), nullptr, {}),
                       residual(grown, some_ids(), nullptr, {})),
              1e-6f);
  }
  EXPECT_EQ(test::code_of([&] { grow(weights, 1); }), Code::bad_argument);
}

TEST(Decoder, CountsItsParameters) {
  Weights weights = Weights::random(tiny, 1);
  std::int64_t count = 0;
  for (const auto& [name, parameter] : weights.named()) {
    count += parameter->numel();
  }
  EXPECT_EQ(count, parameters(tiny));
}

TEST(Decoder, AnotherArchitectureIsRefusedByName) {
  const test::TempDir folder;
  std::ofstream(folder / "config.json") << R"({"architectures":["OPTForCausalLM"]})";
  EXPECT_EQ(test::code_of([&] { Weights::load(folder.path()); }), Code::architecture);
}

TEST(Decoder, AShapeThatDoesNotFitIsRefusedWithAHint) {
  Config odd = tiny;
  odd.kv_heads = 3;
  try {
    check(odd);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_argument);
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST(LoraPool, AMixtureIsTheSumOfDenseProducts) {
  const Weights weights = Weights::random(tiny, 1);
  const LoraPool pool = some_pool(3);
  const torch::Tensor mix = torch::tensor({{0.5f, 0.3f, 0.2f}, {0.5f, 0.3f, 0.2f}});
  const Mixture mixture{&pool, mix};
  Weights dense = Weights::random(tiny, 1);
  for (std::size_t i = 0; i < dense.layers.size(); ++i) {
    for (const Projection which : all_projections) {
      const LowRankPair& pair = pool.at(i, which);
      for (std::int64_t n = 0; n < 3; ++n) {
        dense.layers[i].at(which) +=
            pool.scale() * mix[0][n] *
            torch::mm(pair.b.narrow(1, n * 3, 3), pair.a.narrow(0, n * 3, 3));
      }
    }
  }
  EXPECT_LT(distance(residual(weights, some_ids(), &mixture, {}),
                     residual(dense, some_ids(), nullptr, {})),
            1e-5f);
}

TEST(LoraPool, APeftFolderHoldsOneAdapterOfIt) {
  const test::TempDir folder;
  const LoraPool pool = some_pool(2);
  save_peft(pool, 1, folder / "b", "base");
  const TensorFile file = read_tensors(folder / "b" / "adapter_model.safetensors");
  EXPECT_EQ(file.tensors.size(), 2 * 7 * 2u);
  const std::string prefix = "base_model.model.model.layers.1.mlp.up_proj.lora_";
  const LowRankPair& pair = pool.at(1, Projection::up);
  EXPECT_TRUE(torch::equal(file.tensors.at(prefix + "A.weight"), pair.a.narrow(0, 3, 3)));
  EXPECT_TRUE(torch::equal(file.tensors.at(prefix + "B.weight"), pair.b.narrow(1, 3, 3)));
  const auto config =
      nlohmann::json::parse(read_text(folder / "b" / "adapter_config.json", 1 << 20));
  EXPECT_EQ(config["r"], 3);
  EXPECT_EQ(config["lora_alpha"], 6.0);
}

TEST(TensorFile, EveryTruncationIsAnError) {
  const test::TempDir folder;
  write_tensors({{{"x", torch::ones({2, 2})}, {"y", torch::arange(3)}}, {{"k", "v"}}},
                folder / "whole");
  std::ifstream in(folder / "whole", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(read_tensors(folder / "whole").metadata.at("k"), "v");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    std::ofstream(folder / "part", std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(length));
    EXPECT_THROW(read_tensors(folder / "part"), Error) << length;
  }
}

TEST(TensorFile, ATensorThatTorchCannotHoldIsAnError) {
  const test::TempDir folder;
  const auto forged = [&](const std::string& header) {
    std::ofstream out(folder / "forged", std::ios::binary);
    const std::uint64_t size = header.size();
    out.write(reinterpret_cast<const char*>(&size), sizeof size);
    out << header << '\0';
    out.close();
    return test::code_of([&] { read_tensors(folder / "forged"); });
  };
  EXPECT_EQ(forged(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})"), Code::unsupported);
  const std::string one = R"("y":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]})";
  const std::string empty = R"("dtype":"F32","data_offsets":[0,0])";
  for (const char* shape : {"[0,4611686018427387904]", "[0,4611686018427387904,8]"}) {
    EXPECT_EQ(forged("{\"x\":{\"shape\":" + std::string(shape) + "," + empty + "}," + one + "}"),
              Code::corrupt)
        << shape;
  }
}

}  // namespace
}  // namespace crayon::train
