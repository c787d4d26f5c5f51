// Trainer and runtime make the same of texts and pictures: a dual encoder out of the folder that
// the trainer writes.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "formats/importers/importers.h"
#include "runtime/encoder/encoder.h"
#include "tests/runtime/model/tiny_model.h"
#include "train/dual/dual_encoder.h"
#include "train/dual/dual_forward.h"
#include "train/scenes/caption.h"
#include "train/tokens/clip_vocabulary.h"

namespace crayon::train {
namespace {

std::vector<float> numbers(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

double cosine(const std::vector<float>& x, const std::vector<float>& y) {
  double product = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    product += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  }
  return product;  // both have length 1
}

class DualAgreement : public testing::Test {
 protected:
  DualAgreement() {
    dual_.save(folder_.path());
    write_clip_tokenizer(vocabulary_, config().context, folder_.path());
  }

  DualConfig config() const {
    DualConfig config;
    for (TowerShape* tower : {&config.text, &config.image}) {
      tower->dim = 32;
      tower->layers = 2;
      tower->heads = 4;
      tower->hidden = 64;
    }
    config.output = 24;
    config.vocab = std::ssize(vocabulary_.pieces);
    config.bos = config.vocab - 2;
    config.eos = config.vocab - 1;
    return config;
  }

  test::TempDir folder_;
  const ClipVocabulary vocabulary_ = clip_vocabulary(scenes::caption_words());
  const DualEncoder dual_ = DualEncoder::random(config(), 5);
};

TEST_F(DualAgreement, OfTextsPicturesAndWeights) {
  const torch::NoGradGuard no_grad;
  ThreadPool pool(1);
  const test::Packed packed(importers::import_model(folder_.path(), {}), formats::Dtype::f32);
  encoder::Encoder runtime(packed.bundle, kernels::select(), pool);

  const auto bos = static_cast<std::int32_t>(config().bos);
  const std::vector<std::int32_t> ids = {bos, 3, 140, 9, 77, bos + 1};
  const TextBatch texts = make_text_batch({ids}, config().context);
  const std::vector<formats::Token> tokens(ids.begin(), ids.end());
  EXPECT_GT(cosine(runtime.embed_text(tokens), numbers(text_features(dual_, texts))), 0.999999);

  const std::vector<float> weights = {1, 1, 2.5f, 0.3f, 1, 1};
  const TokenWeights logs{torch::log(torch::tensor(weights)).unsqueeze(0), 1};
  const std::vector<float> stressed = numbers(text_features(dual_, texts, &logs));
  EXPECT_GT(cosine(runtime.embed_text(tokens, {weights, 1}), stressed), 0.999999);
  EXPECT_LT(cosine(runtime.embed_text(tokens), stressed), 0.9999);

  torch::manual_seed(3);
  const auto side = config().image_size;
  const torch::Tensor pixels = torch::randn({1, 3, side, side});
  EXPECT_GT(cosine(runtime.embed_image(numbers(pixels)), numbers(image_features(dual_, pixels))),
            0.999999);
  EXPECT_NEAR(runtime.logit_scale(), std::exp(dual_.logit_scale.item<float>()), 1e-3);
}

}  // namespace
}  // namespace crayon::train
