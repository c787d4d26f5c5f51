#include "runtime/encoder/encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "formats/importers/importers.h"
#include "runtime/encoder/patches.h"
#include "tests/runtime/model/reference_forward.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::encoder {
namespace {

using formats::Dtype;
using formats::ModelSource;
using test::code_of;

double cosine(std::span<const float> x, std::span<const double> truth) {
  double product = 0, squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    product += static_cast<double>(x[i]) * truth[i];
    squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  }
  return product / std::sqrt(squares);  // truth has length 1
}

std::vector<float> random_pixels(const Encoder& encoder, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> pixels(std::size_t{3} * encoder.image_size() * encoder.image_size());
  for (float& pixel : pixels) {
    pixel = static_cast<float>(4 * random.uniform() - 2);
  }
  return pixels;
}

struct Loaded {
  explicit Loaded(const ModelSource& source, Dtype dtype)
      : packed(source, dtype), encoder(packed.bundle, kernels::select(), pool) {}

  ThreadPool pool{2};
  test::Packed packed;
  Encoder encoder;
};

TEST(Encoder, IsWhatTheReferenceComputes) {
  for (const formats::Activation activation :
       {formats::Activation::gelu_quick, formats::Activation::gelu_erf}) {
    ModelSource source = importers::random_model("tiny-clip", 3);
    source.config.activation = source.image->config.activation = activation;
    Loaded f32(source, Dtype::f32);
    Loaded i8(source, Dtype::i8);
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      const auto tokens = test::random_tokens(5 + 20 * seed, source.config.vocab_size, seed);
      const std::vector<double> text = test::reference_text(source, tokens);
      EXPECT_GT(cosine(f32.encoder.embed_text(tokens), text), 0.9999999);
      EXPECT_GT(cosine(i8.encoder.embed_text(tokens), text), 0.999);
      const std::vector<float> pixels = random_pixels(f32.encoder, seed);
      const std::vector<double> image = test::reference_image(source, pixels);
      EXPECT_GT(cosine(f32.encoder.embed_image(pixels), image), 0.9999999);
      EXPECT_GT(cosine(i8.encoder.embed_image(pixels), image), 0.999);
    }
  }
}

TEST(Encoder, WeighsTokensFromALayerOn) {
  const ModelSource source = importers::random_model("tiny-clip", 4);
  Loaded f32(source, Dtype::f32);
  const auto tokens = test::random_tokens(12, source.config.vocab_size, 9);
  std::vector<float> weights(tokens.size(), 1.0f);
  const std::vector<float> plain = f32.encoder.embed_text(tokens);
  EXPECT_EQ(f32.encoder.embed_text(tokens, {weights}), plain);  // to the bit
  weights[3] = 2.5f;
  weights[4] = 0.3f;
  weights[7] = 0.0f;
  for (const std::uint32_t first_layer : {0u, 1u}) {
    const std::vector<float> stressed = f32.encoder.embed_text(tokens, {weights, first_layer});
    EXPECT_GT(cosine(stressed, test::reference_text(source, tokens, {weights, first_layer})),
              0.9999999);
    EXPECT_LT(cosine(stressed, test::reference_text(source, tokens)), 0.9999);
  }
  // Behind the last layer nothing looks any more; and what was said once is forgotten.
  EXPECT_EQ(f32.encoder.embed_text(tokens, {weights, source.config.layers}), plain);
  EXPECT_EQ(f32.encoder.embed_text(tokens), plain);
}

TEST(Encoder, IsTheSameForEveryNumberOfThreads) {
  const ModelSource source = importers::random_model("tiny-clip", 5);
  const test::Packed packed(source, Dtype::i8);
  ThreadPool one(1), three(3);
  Encoder alone(packed.bundle, kernels::select(), one);
  Encoder together(packed.bundle, kernels::select(), three);
  const auto tokens = test::random_tokens(30, source.config.vocab_size, 1);
  EXPECT_EQ(alone.embed_text(tokens), together.embed_text(tokens));
  const std::vector<float> pixels = random_pixels(alone, 2);
  EXPECT_EQ(alone.embed_image(pixels), together.embed_image(pixels));
}

/// With more patches than a step of a language model has tokens.
TEST(Encoder, SeesAllPatchesOfALargeImage) {
  ModelSource source = importers::random_model("tiny-clip", 6);
  formats::ModelConfig& config = source.image->config;
  config.image_size = 96;
  config.patch_size = 8;
  config.max_context = config.patches() + 1;
  for (formats::SourceTensor& tensor : source.tensors) {
    if (tensor.name == "image.position_embedding") {
      tensor.shape.rows = config.max_context;
    }
  }
  Loaded f32(source, Dtype::f32);
  const std::vector<float> pixels = random_pixels(f32.encoder, 8);
  EXPECT_GT(cosine(f32.encoder.embed_image(pixels), test::reference_image(source, pixels)),
            0.9999999);
}

TEST(Encoder, RefusesWhatItCannotEmbed) {
  const ModelSource source = importers::random_model("tiny-clip", 7);
  Loaded i8(source, Dtype::i8);
  const auto tokens = test::random_tokens(4, source.config.vocab_size, 1);
  const auto text = [&](std::span<const formats::Token> ids, const model::Emphasis& emphasis = {}) {
    return code_of([&] { (void)i8.encoder.embed_text(ids, emphasis); });
  };
  EXPECT_EQ(text({}), Code::bad_argument);
  EXPECT_EQ(text(test::random_tokens(78, source.config.vocab_size, 1)), Code::context_full);
  EXPECT_EQ(text(std::vector<formats::Token>{1, 384}), Code::bad_argument);
  for (const float bad : {-0.5f, NAN, INFINITY}) {
    const std::vector<float> weights(tokens.size(), bad);
    EXPECT_EQ(text(tokens, {weights}), Code::bad_argument);
  }
  EXPECT_EQ(code_of([&] { (void)i8.encoder.embed_image(std::vector<float>(7)); }), Code::bad_shape);
}

TEST(Encoder, IsNoLanguageModelNorTheOtherWayRound) {
  const test::Packed encoder(importers::random_model("tiny-clip", 1), Dtype::i8);
  const test::Packed language(importers::random_model("tiny", 1), Dtype::i8);
  ThreadPool pool(1);
  EXPECT_EQ(code_of([&] { (void)encoder.load(pool); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { Encoder(language.bundle, kernels::select(), pool); }),
            Code::bad_argument);
}

TEST(Patches, AreCutFromLeftToRightAndTopToBottom) {
  formats::ModelConfig config;
  config.image_size = 4;
  config.patch_size = 2;
  std::vector<float> pixels(3 * 4 * 4);
  std::iota(pixels.begin(), pixels.end(), 0.0f);
  const std::vector<float> patches = cut_patches(pixels, config);
  const std::vector<float> second = {2, 3, 6, 7, 18, 19, 22, 23, 34, 35, 38, 39};
  EXPECT_EQ(std::vector<float>(patches.begin() + 12, patches.begin() + 24), second);
}

}  // namespace
}  // namespace crayon::encoder
