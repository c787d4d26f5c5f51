// The dual encoder: its folder, its two towers, what it learns from, and weights of tokens.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "base/file.h"
#include "tests/support/support.h"
#include "train/dual/contrast.h"
#include "train/dual/word_weights.h"
#include "train/model/tensor_file.h"
#include "train/optim/optimizer.h"
#include "train/scenes/caption.h"

namespace crayon::train {
namespace {

using test::code_of;

constexpr std::int32_t bos = 70;
constexpr std::int32_t eos = 71;

DualConfig tiny_dual() {
  const TowerShape tower{.dim = 32, .layers = 2, .heads = 4, .hidden = 48};
  DualConfig config;
  config.text = tower;
  config.image = tower;
  config.image.dim = 40;
  config.vocab = 72;
  config.context = 24;
  config.bos = bos;
  config.eos = eos;
  config.image_size = 16;
  config.patch_size = 8;
  config.output = 24;
  return config;
}

/// A word's token is its place among the words of all captions.
std::vector<std::int32_t> encode(const std::string& text) {
  static const std::vector<std::string> known = scenes::caption_words();
  std::vector<std::int32_t> tokens = {bos};
  for (const std::string& word : scenes::words_of(text)) {
    tokens.push_back(
        static_cast<std::int32_t>(std::ranges::lower_bound(known, word) - known.begin()));
  }
  tokens.push_back(eos);
  return tokens;
}

float distance(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<float>();
}

class DualFolder : public testing::Test {
 protected:
  /// Replaces one text in a file of the folder.
  void edit(const char* name, const std::string& from, const std::string& to) {
    std::string text = read_text(dir_ / name, 1 << 20);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write_text(dir_ / name, text.replace(at, from.size(), to));
  }

  Code code_of_loading(std::string* sentence = nullptr) {
    return code_of([&] { DualEncoder::load(dir_.path()); }, sentence);
  }

  test::TempDir dir_;
};

TEST_F(DualFolder, IsReadBackAsItWasWritten) {
  DualConfig config = tiny_dual();
  config.image.gelu = Gelu::erf;
  config.mean = {0.1, 0.2, 0.3};
  DualEncoder written = DualEncoder::random(config, 1);
  written.save(dir_.path());
  DualEncoder read = DualEncoder::load(dir_.path());
  EXPECT_EQ(read.config, config);
  const NamedParameters expected = written.named();
  const NamedParameters found = read.named();
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(torch::equal(*found[i].second, *expected[i].second)) << found[i].first;
  }
}

TEST_F(DualFolder, HasTheTensorsOfTheFormat) {
  DualEncoder::random(tiny_dual(), 1).save(dir_.path());
  const auto tensors = read_tensors(dir_ / "model.safetensors").tensors;
  const auto shape = [&](const char* name) { return tensors.at(name).sizes().vec(); };
  using Shape = std::vector<std::int64_t>;
  EXPECT_EQ(shape("text_model.embeddings.token_embedding.weight"), (Shape{72, 32}));
  EXPECT_EQ(shape("text_model.encoder.layers.1.self_attn.out_proj.bias"), (Shape{32}));
  EXPECT_EQ(shape("text_model.encoder.layers.0.mlp.fc1.weight"), (Shape{48, 32}));
  EXPECT_EQ(shape("text_projection.weight"), (Shape{24, 32}));
  EXPECT_EQ(shape("vision_model.embeddings.class_embedding"), (Shape{40}));
  EXPECT_EQ(shape("vision_model.embeddings.patch_embedding.weight"), (Shape{40, 3, 8, 8}));
  EXPECT_EQ(shape("vision_model.embeddings.position_embedding.weight"), (Shape{5, 40}));
  EXPECT_EQ(shape("vision_model.pre_layrnorm.weight"), (Shape{40}));
  EXPECT_EQ(shape("visual_projection.weight"), (Shape{24, 40}));
  EXPECT_EQ(shape("logit_scale"), Shape{});
}

TEST_F(DualFolder, NamesWhatIsWrong) {
  DualEncoder::random(tiny_dual(), 1).save(dir_.path());
  std::string sentence;
  edit("config.json", "\"image_size\": 16", "\"image_size\": 24");
  EXPECT_EQ(code_of_loading(&sentence), Code::bad_shape);
  EXPECT_NE(sentence.find("position_embedding"), std::string::npos) << sentence;
  edit("config.json", "\"image_size\": 24", "\"image_size\": 18");
  EXPECT_EQ(code_of_loading(), Code::bad_argument) << "patches do not divide it";
  edit("config.json", "\"image_size\": 18", "\"image_size\": \"big\"");
  EXPECT_EQ(code_of_loading(), Code::malformed);
  edit("config.json", "\"CLIPModel\"", "\"GPT2LMHeadModel\"");
  EXPECT_EQ(code_of_loading(), Code::architecture);
  write_dual_config(tiny_dual(), dir_.path());
  edit("preprocessor_config.json", "\"image_std\"", "\"deviation\"");
  EXPECT_EQ(code_of_loading(&sentence), Code::malformed);
  EXPECT_NE(sentence.find("image_std"), std::string::npos) << sentence;
  DualConfig deeper = tiny_dual();
  deeper.text.layers = 3;
  write_dual_config(deeper, dir_.path());
  EXPECT_EQ(code_of_loading(&sentence), Code::missing_tensor);
  EXPECT_NE(sentence.find("layers.2."), std::string::npos) << sentence;
}

TEST(Contrast, IsTheMeanOfTwoCrossEntropies) {
  torch::manual_seed(3);
  const torch::Tensor logits = torch::randn({5, 5});
  const torch::Tensor own = torch::arange(5);
  const torch::Tensor expected =
      (torch::cross_entropy_loss(logits, own) + torch::cross_entropy_loss(logits.t(), own)) / 2;
  EXPECT_NEAR(contrastive_loss(logits, torch::eye(5)).item<float>(), expected.item<float>(), 1e-6);
}

TEST(Contrast, CaptionsThatAlsoFitAreNoMistake) {
  const torch::Tensor fits =
      torch::tensor({{1.0f, 1.0f, 0.0f}, {1.0f, 1.0f, 0.0f}, {0.0f, 0.0f, 1.0f}});
  const torch::Tensor logits = 100 * fits;
  EXPECT_NEAR(contrastive_loss(logits, fits).item<float>(), 2.0f / 3 * std::log(2.0f), 1e-5);
  EXPECT_GT(contrastive_loss(logits, torch::eye(3)).item<float>(), 0.4f);
  EXPECT_GT(contrastive_loss(100 * torch::eye(3), fits).item<float>(), 10.0f);
}

TEST(Contrast, ScenesComeWithWhatFitsThem) {
  const SceneBatch batch = make_scene_batch(5, 100, 24, tiny_dual(), encode);
  EXPECT_EQ(batch.pixels.sizes().vec(), (std::vector<std::int64_t>{24, 3, 16, 16}));
  EXPECT_TRUE(batch.fits.diagonal().eq(1).all().item<bool>());
  EXPECT_GT(batch.fits.sum().item<float>(), 24.0f);
  EXPECT_LT(batch.fits.mean().item<float>(), 0.5f);
  const SceneBatch later = make_scene_batch(5, 101, 23, tiny_dual(), encode);
  EXPECT_TRUE(torch::equal(later.pixels, batch.pixels.narrow(0, 1, 23))) << "one series";
  EXPECT_FALSE(
      torch::equal(make_scene_batch(6, 100, 24, tiny_dual(), encode).pixels, batch.pixels));
}

TEST(Contrast, StepsLowerTheLoss) {
  DualEncoder dual = DualEncoder::random(tiny_dual(), 1);
  dual.require_grad(true);
  const SceneBatch batch = make_scene_batch(1, 0, 16, dual.config, encode);
  const auto loss = [&] {
    return contrastive_loss(
        similarity(dual, image_features(dual, batch.pixels), text_features(dual, batch.captions)),
        batch.fits);
  };
  const float before = loss().item<float>();
  Optimizer optimizer(dual.named(), false, {.adam_rate = 2e-3});
  for (int step = 0; step < 25; ++step) {
    loss().backward();
    optimizer.step(1.0);
  }
  EXPECT_LT(loss().item<float>(), 0.8f * before) << before;
}

TEST(Contrast, TheTemperatureHasALimit) {
  DualEncoder dual = DualEncoder::random(tiny_dual(), 1);
  dual.logit_scale.fill_(9.0);
  clamp_scale(dual);
  EXPECT_NEAR(dual.logit_scale.exp().item<float>(), 100.0f, 1e-3f);
}

TEST(Contrast, ZeroShotOfAnUntaughtEncoderIsChance) {
  const DualEncoder dual = DualEncoder::random(tiny_dual(), 1);
  const ZeroShot right = zero_shot(dual, 1, 300, encode);
  EXPECT_NEAR(right.shape, 1.0 / 6, 0.12);
  EXPECT_LT(right.both, 0.12);
}

class TextTower : public testing::Test {
 protected:
  torch::Tensor features(const std::vector<float>& weights, std::int64_t first_layer = 0) const {
    const TokenWeights given{torch::tensor(weights).log().unsqueeze(0), first_layer};
    return text_features(dual_, texts_, &given);
  }

  const DualEncoder dual_ = DualEncoder::random(tiny_dual(), 1);
  const TextBatch texts_ = make_text_batch({{bos, 5, 9, 30, eos}}, 24);
  const torch::Tensor plain_ = text_features(dual_, texts_);
};

TEST_F(TextTower, WeightsOfOneChangeNothing) {
  EXPECT_TRUE(torch::equal(features({1, 1, 1, 1, 1}), plain_));
}

TEST_F(TextTower, AWeightOfZeroRemovesTheToken) {
  const torch::Tensor kept = torch::tensor({0, 1, 3, 4}, torch::kInt64);
  const torch::Tensor without = embedded_tokens(dual_, texts_.ids).index_select(1, kept);
  const torch::Tensor expected =
      text_features(dual_, without, torch::tensor({3}, torch::kInt64), nullptr);
  EXPECT_LT(distance(features({1, 1, 0, 1, 1}), expected), 1e-6f);
  EXPECT_GT(distance(plain_, expected), 1e-4f) << "the token did matter";
}

TEST_F(TextTower, AWeightOfTwoCountsTheTokenTwice) {
  // Twice the same key and value in the last layer: a weight of 2 there.
  DualEncoder one_layer = dual_;
  one_layer.text.layers.resize(1);
  const TokenWeights twice{torch::tensor({{1.0f, 2.0f, 1.0f, 1.0f, 1.0f}}).log(), 0};
  const torch::Tensor twins = torch::tensor({0, 1, 1, 2, 3, 4}, torch::kInt64);
  const torch::Tensor tokens = embedded_tokens(one_layer, texts_.ids);
  const torch::Tensor expected = text_features(one_layer, tokens.index_select(1, twins),
                                               torch::tensor({5}, torch::kInt64), nullptr);
  EXPECT_LT(distance(text_features(one_layer, tokens, texts_.ends, &twice), expected), 1e-6f);
}

TEST_F(TextTower, WeightsCountFromTheirLayerOn) {
  const torch::Tensor all = features({1, 1, 4, 1, 1});
  EXPECT_GT(distance(all, features({1, 1, 4, 1, 1}, 1)), 1e-5f);
  EXPECT_GT(distance(plain_, features({1, 1, 4, 1, 1}, 1)), 1e-5f);
  EXPECT_TRUE(torch::equal(plain_, features({1, 1, 4, 1, 1}, 2))) << "there are but two";
}

TEST_F(TextTower, PaddingDoesNotCount) {
  const TextBatch both = make_text_batch({{bos, 5, 9, 30, eos}, {bos, 1, 2, 3, 4, 5, eos}}, 24);
  EXPECT_LT(distance(text_features(dual_, both)[0], plain_[0]), 1e-6f);
}

TEST_F(TextTower, RefusesWhatItCannotRead) {
  EXPECT_EQ(code_of([] { make_text_batch({}, 24); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { make_text_batch({{}}, 24); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { make_text_batch({{1, 2, 3}}, 2); }), Code::bad_argument);
  const scenes::Picture small{8, std::vector<std::uint8_t>(192)};
  EXPECT_EQ(code_of([&] { pixels_of({{small}}, tiny_dual()); }), Code::bad_argument);
}

/// A prompt of words of one token each.
Prompt prompt_of(const std::vector<std::string>& words, const std::vector<std::int32_t>& tokens) {
  Prompt prompt{words, {}};
  for (const std::int32_t token : tokens) {
    prompt.tokens.push_back({token});
  }
  return prompt;
}

/// Texts of one word each, in the place of pictures that show just that.
LabelledFeatures pictures_of(const DualEncoder& dual, const std::vector<std::int32_t>& tokens) {
  std::vector<std::vector<std::int32_t>> texts;
  for (const std::int32_t token : tokens) {
    texts.push_back({bos, token, eos});
  }
  return {text_features(dual, make_text_batch(texts, 24)),
          torch::arange(static_cast<std::int64_t>(tokens.size()))};
}

TEST(WordWeights, TheWordThatMattersGetsTheMost) {
  const DualEncoder dual = DualEncoder::random(tiny_dual(), 1);
  // Each prompt has its class's word (11, 12, 13) between words that say nothing about it.
  const WeightedPrompts prompts({prompt_of({"a", "red", "thing"}, {3, 11, 20}),
                                 prompt_of({"a", "blue", "thing"}, {3, 12, 20}),
                                 prompt_of({"a", "pink", "thing"}, {3, 13, 20})},
                                bos, eos, 24, false);
  const LabelledFeatures pictures = pictures_of(dual, {11, 12, 13});
  const torch::Tensor logs =
      learn_word_weights(dual, prompts, pictures, {.steps = 40, .penalty = 0});
  const Judgement before = judge(dual, prompts, torch::zeros({9}), 0, pictures);
  const Judgement after = judge(dual, prompts, logs, 0, pictures);
  EXPECT_LT(after.loss, 0.9 * before.loss);
  EXPECT_GE(after.accuracy, before.accuracy);
  for (std::size_t p = 0; p < 3; ++p) {
    const auto log = [&](std::size_t word) { return logs[prompts.place(p, word)].item<float>(); };
    EXPECT_GT(log(1), log(0)) << p;
    EXPECT_GT(log(1), log(2)) << p;
    EXPECT_GT(log(1), 0) << p;
  }
}

TEST(WordWeights, PiecesShareTheWeightOfTheirWord) {
  const DualEncoder dual = DualEncoder::random(tiny_dual(), 1);
  Prompt split = prompt_of({"a", "crayon"}, {3, 40});
  split.tokens[1] = {40, 41, 42};
  const WeightedPrompts prompts({split, prompt_of({"a", "pen"}, {3, 50})}, bos, eos, 24, false);
  ASSERT_EQ(prompts.count(), 4);
  const torch::Tensor logs = torch::tensor({0.1f, 0.7f, 0.2f, -0.4f});
  const TokenWeights expected{
      torch::tensor({{0.0f, 0.1f, 0.7f, 0.7f, 0.7f, 0.0f}, {0.0f, 0.2f, -0.4f, 0.0f, 0.0f, 0.0f}}),
      0};
  const TextBatch texts = make_text_batch({{bos, 3, 40, 41, 42, eos}, {bos, 3, 50, eos}}, 24);
  EXPECT_TRUE(torch::equal(prompts.features(dual, logs, 0), text_features(dual, texts, &expected)));
}

TEST(WordWeights, WordsOfAllPromptsCanHaveOneWeight) {
  const std::vector<Prompt> both = {prompt_of({"a", "photo", "of", "a", "cat"}, {1, 2, 3, 1, 5}),
                                    prompt_of({"a", "photo", "of", "dogs"}, {1, 2, 3, 6})};
  const WeightedPrompts apart(both, bos, eos, 24, false);
  EXPECT_EQ(apart.count(), 9);
  EXPECT_FALSE(apart.is_shared(0));
  const WeightedPrompts shared(both, bos, eos, 24, true);
  EXPECT_EQ(shared.count(), 6);  // a, photo, of; then the second a, cat; dogs
  for (const std::size_t word : {0u, 1u, 2u}) {
    EXPECT_EQ(shared.place(0, word), shared.place(1, word));
    EXPECT_TRUE(shared.is_shared(shared.place(0, word)));
  }
  EXPECT_FALSE(shared.is_shared(shared.place(0, 3))) << "the other prompt has one a";
  EXPECT_FALSE(shared.is_shared(shared.place(0, 4)));
  EXPECT_EQ(code_of([&] { WeightedPrompts({both[0]}, bos, eos, 24, true); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::train
