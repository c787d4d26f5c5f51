#include "runtime/smoothing/channel_maxima.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/runtime/model/tiny_model.h"

namespace crayon::smoothing {
namespace {

using formats::Projection;
using model::MapGroup;

TEST(ChannelMaxima, AreTheLargestOfEachColumn) {
  ChannelMaxima maxima(test::tiny_config());
  std::vector<float> inputs(2 * 52);
  inputs[3] = -2.0f;
  inputs[52 + 3] = 1.0f;
  inputs[52 + 4] = 5.0f;
  maxima.add(1, MapGroup::gate_up, inputs);
  EXPECT_EQ(maxima.at(1, MapGroup::gate_up)[3], 2.0f);
  EXPECT_EQ(maxima.at(1, MapGroup::gate_up)[4], 5.0f);
  EXPECT_EQ(maxima.at(1, MapGroup::gate_up)[5], 0.0f);
  EXPECT_EQ(maxima.at(0, MapGroup::gate_up)[3], 0.0f);
  EXPECT_EQ(maxima.at(0, MapGroup::down).size(), 90u);
  EXPECT_EQ(maxima.at(0, MapGroup::o).size(), 56u);
}

TEST(Observe, SeesWhatEveryProjectionReadsInWindowsThatStartAfresh) {
  for (const bool gated : {true, false}) {
    formats::ModelConfig config = test::tiny_config();
    config.gated = gated;
    const test::Packed packed(test::random_source(config, 421), formats::Dtype::f32);
    ThreadPool pool(1);
    const auto model = packed.load(pool);
    const std::vector<formats::Token> tokens = test::random_tokens(23, config.vocab_size, 422);
    model::Session session(*model, 10, model::KvDtype::f32);
    std::uint64_t seen = 0;
    const ChannelMaxima maxima =
        observe(*model, session, tokens, [&](std::uint64_t done) { seen = done; });
    EXPECT_EQ(seen, tokens.size());

    ChannelMaxima expected(config);
    for (std::size_t at = 0; at < tokens.size(); at += 10) {
      model::Session fresh(*model, 10, model::KvDtype::f32);
      fresh.watch([&](std::uint32_t layer, Projection which, std::span<const float> inputs) {
        switch (which) {
          case Projection::v:
            return expected.add(layer, MapGroup::qkv, inputs);
          case Projection::o:
            return expected.add(layer, MapGroup::o, inputs);
          case Projection::up:
            return expected.add(layer, MapGroup::gate_up, inputs);
          case Projection::down:
            return expected.add(layer, MapGroup::down, inputs);
          default:
            return;
        }
      });
      const std::size_t count = std::min<std::size_t>(10, tokens.size() - at);
      model->forward(fresh, std::span(tokens).subspan(at, count), model::Logits::none, {});
    }
    for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
      for (const MapGroup group : {MapGroup::qkv, MapGroup::o, MapGroup::gate_up, MapGroup::down}) {
        EXPECT_TRUE(std::ranges::equal(maxima.at(layer, group), expected.at(layer, group)));
        EXPECT_GT(std::ranges::max(maxima.at(layer, group)), 0.0f);
      }
    }
  }
}

}  // namespace
}  // namespace crayon::smoothing
