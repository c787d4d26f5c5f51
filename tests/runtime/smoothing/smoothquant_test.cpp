#include "runtime/smoothing/smoothquant.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/eval/compare.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::smoothing {
namespace {

using formats::Dtype;
using formats::ModelSource;
using formats::Projection;
using model::MapGroup;

std::vector<float> read_all(const ModelSource& source, const std::string& name) {
  for (const formats::SourceTensor& tensor : source.tensors) {
    if (tensor.name == name) {
      std::vector<float> values(tensor.shape.rows * tensor.shape.cols);
      tensor.read_rows(0, tensor.shape.rows, values);
      return values;
    }
  }
  return {};
}

float column_maximum(const std::vector<float>& matrix, std::size_t cols, std::size_t column) {
  float largest = 0;
  for (std::size_t i = column; i < matrix.size(); i += cols) {
    largest = std::max(largest, std::abs(matrix[i]));
  }
  return largest;
}

/// Activations of 1 in every channel, but for some.
ChannelMaxima maxima_of(const formats::ModelConfig& config) {
  ChannelMaxima maxima(config);
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    for (const MapGroup group : {MapGroup::qkv, MapGroup::o, MapGroup::gate_up, MapGroup::down}) {
      std::vector<float> inputs(maxima.at(layer, group).size(), 1.0f);
      inputs[5] = 16.0f;
      inputs[6] = 0.0f;
      maxima.add(layer, group, inputs);
    }
  }
  return maxima;
}

TEST(SmoothQuant, IsItsClosedForm) {
  const formats::ModelConfig config = test::tiny_config();
  const ModelSource source = test::random_source(config, 431);
  const ChannelMaxima maxima = maxima_of(config);
  const formats::ChannelScales scales = smoothquant(source, maxima, 0.5f);
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    const auto weights = [&](std::initializer_list<Projection> maps, std::size_t cols,
                             std::size_t column) {
      float largest = 0;
      for (const Projection which : maps) {
        const std::vector<float> w = read_all(source, formats::projection(layer, which));
        largest = std::max(largest, column_maximum(w, cols, column));
      }
      return largest;
    };
    const auto expect_ratio = [&](std::span<const float> place, float w5, float w7) {
      EXPECT_NEAR(place[5] / place[7], std::sqrt(w5 / w7 / 16.0f), 1e-4f);
      EXPECT_EQ(place[6], 1.0f) << "a channel that is always 0";
      double sum = 0;
      for (std::size_t c = 0; c < place.size(); ++c) {
        sum += c == 6 ? 0 : std::log2(static_cast<double>(place[c]));
      }
      EXPECT_NEAR(sum, 0, 1e-3) << "geometric mean";
    };
    const auto& of = scales.layers[layer];
    const auto qkv = {Projection::q, Projection::k, Projection::v};
    expect_ratio(of.qkv, weights(qkv, 52, 5), weights(qkv, 52, 7));
    const auto gate_up = {Projection::gate, Projection::up};
    expect_ratio(of.gate_up, weights(gate_up, 52, 5), weights(gate_up, 52, 7));
    expect_ratio(of.down, weights({Projection::down}, 90, 5), weights({Projection::down}, 90, 7));
    // Heads 0 and 1 share a KV head: channels 5 and 19 of o are its channel 5.
    const auto shared = [&](std::size_t c) {
      return std::max(weights({Projection::o}, 56, c), weights({Projection::o}, 56, c + 14));
    };
    EXPECT_NEAR(of.o[5] / of.o[7], std::sqrt(shared(5) / shared(7) / 16.0f), 1e-4f);
  }
}

TEST(SmoothQuant, KeepsScalesWithinBounds) {
  const formats::ModelConfig config = test::tiny_config();
  ChannelMaxima maxima = maxima_of(config);
  std::vector<float> inputs(config.dim, 1.0f);
  inputs[0] = 1e12f;
  inputs[1] = 1e-12f;
  maxima.add(0, MapGroup::qkv, inputs);
  const auto scales = smoothquant(test::random_source(config, 432), maxima, 1.0f);
  EXPECT_EQ(std::ranges::min(scales.layers[0].qkv), 0.015625f);
}

/// A model whose norms blow some channels up and whose weights shrink them again, as trained models
/// have them: the same function as without, and hard on one scale a token.
ModelSource with_outliers(ModelSource source) {
  formats::ChannelScales scales = formats::unit_scales(source.config);
  for (formats::LayerScales& layer : scales.layers) {
    for (auto* place : {&layer.qkv, &layer.gate_up, &layer.down, &layer.o}) {
      for (std::size_t c = 3; c < place->size(); c += 17) {
        (*place)[c] = 60.0f;
      }
    }
  }
  ModelSource changed = formats::smooth(source, scales);
  changed.config.smoothed = false;
  changed.tensors.resize(source.tensors.size());
  return changed;
}

TEST(SmoothQuant, MakesOutliersHarmless) {
  const ModelSource source = with_outliers(test::random_source(test::tiny_config(), 433));
  const std::vector<formats::Token> tokens = test::random_tokens(200, 67, 434);
  ThreadPool pool(1);
  const test::Packed packed(source, Dtype::f32);
  const auto reference = packed.load(pool);
  model::Session session(*reference, 128, model::KvDtype::f32);
  const ChannelMaxima maxima = observe(*reference, session, tokens, [](std::uint64_t) {});
  const auto divergence = [&](const ModelSource& of) {
    const test::Packed quantised(of, Dtype::i8);
    const auto model = quantised.load(pool);
    model::Session other(*model, 128, model::KvDtype::f32);
    const eval::Sequence sequence{tokens};
    return eval::compare({reference.get(), &session}, {model.get(), &other}, {&sequence, 1},
                         {128, -1}, {})
        .kl_mean;
  };
  const double plain = divergence(source);
  const double smoothed = divergence(formats::smooth(source, smoothquant(source, maxima, 0.5f)));
  EXPECT_LT(smoothed, plain / 4);
}

}  // namespace
}  // namespace crayon::smoothing
