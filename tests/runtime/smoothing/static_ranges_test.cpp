// Ranges of activations that were chosen before: what they hold, and what a model does with them.

#include "runtime/smoothing/static_ranges.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::smoothing {
namespace {

using formats::ActivationRanges;
using formats::Dtype;
using formats::ModelSource;
using model::MapGroup;

TEST(StaticRanges, HoldTheLargestOfAPlace) {
  ChannelMaxima maxima(test::tiny_config());
  std::vector<float> inputs(2 * 52, 0.5f);
  inputs[60] = -3.0f;
  maxima.add(1, MapGroup::gate_up, inputs);
  const ActivationRanges ranges = static_ranges(maxima, 2);
  ASSERT_EQ(ranges.size(), 2u);
  EXPECT_EQ(ranges[1][static_cast<std::size_t>(MapGroup::gate_up)], 3.0f);
  EXPECT_EQ(ranges[0][static_cast<std::size_t>(MapGroup::gate_up)], 1.0f) << "nothing was seen";
}

class ModelWithRanges : public testing::Test {
 protected:
  /// Ranges of what the model reads on these tokens.
  ActivationRanges observed() {
    const test::Packed packed(source_, Dtype::f32);
    const auto model = packed.load(pool_);
    model::Session session(*model, 64, model::KvDtype::f32);
    const ChannelMaxima maxima = observe(*model, session, tokens_, [](std::uint64_t) {});
    return static_ranges(maxima, source_.config.layers);
  }
  std::vector<float> logits(const ModelSource& source, Dtype dtype) {
    const test::Packed packed(source, dtype);
    return test::all_logits(*packed.load(pool_), tokens_, model::KvDtype::f32);
  }
  double error(const ModelSource& source, Dtype dtype) {
    const std::vector<float> floats = logits(source_, Dtype::f32);
    const std::vector<double> truth(floats.begin(), floats.end());
    return test::relative_rms(logits(source, dtype), truth);
  }

  ThreadPool pool_{1};
  const ModelSource source_ = test::random_source(test::tiny_config(), 441);
  const std::vector<formats::Token> tokens_ = test::random_tokens(60, 67, 442);
};

TEST_F(ModelWithRanges, ReadsItsActivationsByThem) {
  const ActivationRanges wide = observed();
  ActivationRanges narrow = wide;
  for (formats::LayerRanges& layer : narrow) {
    for (float& range : layer) {
      range /= 10;
    }
  }
  for (const Dtype dtype : {Dtype::i8, Dtype::i4}) {
    const double dynamic = error(source_, dtype);
    EXPECT_LT(error(with_ranges(source_, wide), dtype), 3 * dynamic + 0.01);
    EXPECT_GT(error(with_ranges(source_, narrow), dtype), 2 * dynamic + 0.1) << "it must clip";
  }
}

TEST_F(ModelWithRanges, DoesNotReadThemInFloats) {
  const ModelSource ranged =
      with_ranges(source_, ActivationRanges(2, {1e-3f, 1e-3f, 1e-3f, 1e-3f}));
  EXPECT_EQ(logits(ranged, Dtype::f32), logits(source_, Dtype::f32));
}

TEST_F(ModelWithRanges, GivesTheSameBitsTokenByToken) {
  const test::Packed packed(with_ranges(source_, observed()), Dtype::i8);
  const auto model = packed.load(pool_);
  const std::vector<float> all = test::all_logits(*model, tokens_, model::KvDtype::f32);
  model::Session session(*model, 64, model::KvDtype::f32);
  std::vector<float> one(model->config().vocab_size);
  for (std::size_t t = 0; t < tokens_.size(); ++t) {
    model->forward(session, std::span(tokens_).subspan(t, 1), model::Logits::last, one);
    ASSERT_TRUE(std::equal(one.begin(), one.end(), &all[t * one.size()])) << t;
  }
}

TEST_F(ModelWithRanges, IsRefusedWithOthersThanNumbersAbove0) {
  for (const float bad : {0.0f, -1.0f, NAN, INFINITY, 1e-38f}) {
    EXPECT_THROW(with_ranges(source_, ActivationRanges(2, {1, 1, bad, 1})), Error);
    if (!std::isfinite(bad)) {
      continue;  // no packer writes it
    }
    ModelSource broken = with_ranges(source_, ActivationRanges(2, {1, 1, 1, 1}));
    broken.tensors.back() = formats::vector_tensor(broken.tensors.back().name, {1, bad, 1, 1});
    const test::Packed packed(broken, Dtype::i8);
    try {
      packed.load(pool_);
      ADD_FAILURE() << bad;
    } catch (const Error& failure) {
      EXPECT_EQ(failure.code(), Code::corrupt);
      EXPECT_NE(std::string(failure.what()).find("layers.1.activation_ranges"), std::string::npos)
          << failure.what();
    }
  }
  EXPECT_THROW(with_ranges(source_, ActivationRanges(3, {1, 1, 1, 1})), Error);
  const ActivationRanges ranges(2, {1, 1, 1, 1});
  EXPECT_THROW(with_ranges(with_ranges(source_, ranges), ranges), Error) << "they have been set";
}

}  // namespace
}  // namespace crayon::smoothing
