// A smoothed model is the model that it was, with and without adapters.

#include "formats/smoothing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "runtime/adapters/adapters.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon {
namespace {

using formats::ChannelScales;
using formats::Dtype;
using formats::ModelConfig;
using formats::ModelSource;
using formats::Projection;
using model::KvDtype;

/// Scales from 1/8 to 8.
ChannelScales random_scales(const ModelConfig& config, std::uint64_t seed) {
  Random random(seed);
  ChannelScales scales = formats::unit_scales(config);
  for (formats::LayerScales& layer : scales.layers) {
    for (auto* place : {&layer.qkv, &layer.o, &layer.gate_up, &layer.down}) {
      for (float& scale : *place) {
        scale = std::exp2(static_cast<float>(random.next() % 6001) / 1000.0f - 3.0f);
      }
    }
  }
  return scales;
}

double largest_difference(std::span<const float> x, std::span<const float> truth) {
  double apart = 0, largest = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    apart = std::max(apart, std::abs(static_cast<double>(x[i]) - static_cast<double>(truth[i])));
    largest = std::max(largest, std::abs(static_cast<double>(truth[i])));
  }
  return apart / largest;
}

ModelConfig like_gpt2() {
  ModelConfig config = test::tiny_config();
  config.norm = formats::Norm::layer;
  config.positions = formats::Positions::learned;
  config.activation = formats::Activation::gelu_tanh;
  config.gated = false;
  config.kv_heads = 4;
  for (const Projection which : formats::all_projections) {
    if (config.has(which)) {
      config.add_bias(which);
    }
  }
  return config;
}

ModelConfig like_gemma() {
  ModelConfig config = test::tiny_config();
  config.activation = formats::Activation::gelu_tanh;
  config.post_norms = config.qk_norm = config.tied_head = true;
  config.window = 7;
  config.windowed = {true, false};
  return config;
}

ModelConfig with_biases() {
  ModelConfig config = test::tiny_config();
  for (const Projection which : formats::all_projections) {
    config.add_bias(which);
  }
  return config;
}

class Smooth : public testing::TestWithParam<ModelConfig> {
 protected:
  std::vector<float> logits(const ModelSource& source,
                            const formats::AdapterSource* adapter = nullptr) {
    const test::Packed packed(source, Dtype::f32);
    const auto model = packed.load(pool_);
    std::shared_ptr<const model::Adapter> loaded;
    if (adapter != nullptr) {
      const adapters::Part part{adapter, 1.0f};
      loaded = adapters::combine({&part, 1}, packed.bundle);
    }
    return test::all_logits(*model, tokens_, KvDtype::f32, loaded);
  }

  const ModelConfig config_ = GetParam();
  const ModelSource source_ = test::random_source(config_, 401);
  const ModelSource smoothed_ = formats::smooth(source_, random_scales(config_, 402));
  const std::vector<formats::Token> tokens_ = test::random_tokens(20, config_.vocab_size, 403);
  ThreadPool pool_{1};
};

TEST_P(Smooth, ComputesWhatItDid) {
  EXPECT_LT(largest_difference(logits(smoothed_), logits(source_)), 1e-5);
}

TEST_P(Smooth, AdaptersAddWhatTheyDid) {
  formats::AdapterSource adapter = test::random_adapter(config_, 3, 0.7f, 404);
  const std::vector<float> truth = logits(source_, &adapter);
  EXPECT_GT(largest_difference(logits(source_), truth), 0.01) << "the adapter does nothing";
  EXPECT_LT(largest_difference(logits(smoothed_, &adapter), truth), 1e-5);
}

TEST_P(Smooth, TokensChooseTheSameExperts) {
  formats::AdapterSource adapter = test::random_adapter(config_, 4, 0.7f, 405);
  adapter.experts = formats::ExpertsInfo{{2, 2}, 1, 1.0f};
  Random random(406);
  for (formats::SourceLora& factor : adapter.factors) {
    for (std::size_t i = 0; i < factor.a.size() / 2; ++i) {
      factor.directions.push_back(static_cast<float>(random.next() % 2001) / 1000.0f - 1.0f);
    }
  }
  const std::vector<float> truth = logits(source_, &adapter);
  EXPECT_LT(largest_difference(logits(smoothed_, &adapter), truth), 1e-5);
}

std::string name_of(const testing::TestParamInfo<ModelConfig>& value) {
  constexpr const char* names[] = {"Llama", "Biases", "Gpt2", "Gemma"};
  return names[value.index];
}

INSTANTIATE_TEST_SUITE_P(, Smooth,
                         testing::Values(test::tiny_config(), with_biases(), like_gpt2(),
                                         like_gemma()),
                         name_of);

TEST(Scales, AreKeptInTheBundle) {
  const ModelConfig config = test::tiny_config();
  const ModelSource source = test::random_source(config, 411);
  const ChannelScales scales = random_scales(config, 412);
  EXPECT_FALSE(formats::read_scales(test::Packed(source, Dtype::i8).bundle));
  const test::Packed packed(formats::smooth(source, scales), Dtype::i8);
  const auto kept = formats::read_scales(packed.bundle);
  ASSERT_TRUE(kept);
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    EXPECT_EQ(kept->layers[layer].qkv, scales.layers[layer].qkv);
    EXPECT_EQ(kept->layers[layer].o, scales.layers[layer].o);
    EXPECT_EQ(kept->layers[layer].gate_up, scales.layers[layer].gate_up);
    EXPECT_EQ(kept->layers[layer].down, scales.layers[layer].down);
  }
}

TEST(Scales, TakeNoMemoryOfTheModel) {
  const ModelConfig config = test::tiny_config();
  const ModelSource source = test::random_source(config, 413);
  const test::Packed plain(source, Dtype::i8);
  const test::Packed smoothed(formats::smooth(source, random_scales(config, 414)), Dtype::i8);
  const auto weights = [](const test::Packed& packed) {
    return model::Model::estimate(packed.bundle.info(), kernels::select(), 8, KvDtype::f16).weights;
  };
  EXPECT_EQ(weights(smoothed), weights(plain));
}

TEST(Scales, OfAnotherModelAreRefused) {
  const ModelConfig config = test::tiny_config();
  const ModelSource source = test::random_source(config, 415);
  const auto code = [&](auto change) {
    ChannelScales scales = formats::unit_scales(config);
    change(scales);
    return test::code_of([&] { formats::smooth(source, scales); });
  };
  EXPECT_EQ(code([](ChannelScales& s) { s.layers.pop_back(); }), Code::bad_argument);
  EXPECT_EQ(code([](ChannelScales& s) { s.layers[1].o.pop_back(); }), Code::bad_argument);
  for (const float bad : {0.0f, -1.0f, 1e9f, std::nanf("")}) {
    EXPECT_EQ(code([bad](ChannelScales& s) { s.layers[1].down[3] = bad; }), Code::bad_argument);
  }
  EXPECT_EQ(test::code_of([&] {
              formats::smooth(formats::smooth(source, formats::unit_scales(config)),
                              formats::unit_scales(config));
            }),
            Code::bad_argument);
}

}  // namespace
}  // namespace crayon
