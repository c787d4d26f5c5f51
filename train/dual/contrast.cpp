#include "train/dual/contrast.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "train/scenes/caption.h"

namespace crayon::train {
namespace {

/// Features of the prompts "a photo of NOUN".
torch::Tensor prompt_features(const DualEncoder& dual, const std::vector<std::string>& nouns,
                              const Encode& encode) {
  std::vector<std::vector<std::int32_t>> texts;
  for (const std::string& noun : nouns) {
    texts.push_back(encode("a photo of " + scenes::with_article(noun)));
  }
  return text_features(dual, make_text_batch(texts, dual.config.context));
}

double share_right(const torch::Tensor& images, const torch::Tensor& prompts,
                   const std::vector<std::int64_t>& labels) {
  const torch::Tensor best = torch::matmul(images, prompts.t()).argmax(1);
  return best.eq(torch::tensor(labels)).to(torch::kFloat64).mean().item<double>();
}

}  // namespace

SceneBatch make_scene_batch(std::uint64_t seed, std::uint64_t first, std::int64_t count,
                            const DualConfig& config, const Encode& encode) {
  std::vector<scenes::Scene> all;
  std::vector<scenes::Picture> pictures;
  std::vector<scenes::Caption> captions;
  std::vector<std::vector<std::int32_t>> texts;
  for (std::int64_t i = 0; i < count; ++i) {
    Random random = scenes::item_random(seed, first + static_cast<std::uint64_t>(i));
    all.push_back(scenes::draw_scene(random));
    captions.push_back(scenes::describe(all.back(), random));
    pictures.push_back(scenes::paint(all.back(), static_cast<std::size_t>(config.image_size)));
    texts.push_back(encode(captions.back().text));
  }
  SceneBatch batch{pixels_of(pictures, config), make_text_batch(texts, config.context),
                   torch::empty({count, count})};
  auto* fit = batch.fits.data_ptr<float>();
  for (const scenes::Scene& scene : all) {
    for (const scenes::Caption& caption : captions) {
      *fit++ = scenes::fits(caption, scene) ? 1.0f : 0.0f;
    }
  }
  return batch;
}

void SceneBatch::to(torch::Device device) {
  pixels = pixels.to(device);
  captions = {captions.ids.to(device), captions.ends.to(device)};
  fits = fits.to(device);
}

torch::Tensor contrastive_loss(const torch::Tensor& logits, const torch::Tensor& fits) {
  const auto cross_entropy = [&](std::int64_t among) {
    const torch::Tensor targets = fits / fits.sum(among, true);
    return -(targets * torch::log_softmax(logits, among)).sum(among).mean();
  };
  return (cross_entropy(1) + cross_entropy(0)) / 2;
}

void clamp_scale(DualEncoder& dual) {
  const torch::NoGradGuard no_grad;
  dual.logit_scale.clamp_(-std::log(100.0), std::log(100.0));
}

ZeroShot zero_shot(const DualEncoder& dual, std::uint64_t seed, std::int64_t pictures,
                   const Encode& encode) {
  const torch::NoGradGuard no_grad;
  std::vector<std::string> shapes, colors, both;
  for (const char* shape : scenes::shape_words) {
    shapes.emplace_back(shape);
  }
  for (const char* color : scenes::color_words) {
    colors.push_back(color + std::string(" shape"));
    for (const char* shape : scenes::shape_words) {
      both.push_back(color + std::string(" ") + shape);
    }
  }
  std::vector<torch::Tensor> features;
  std::vector<std::int64_t> shape_labels, color_labels, both_labels;
  constexpr std::int64_t at_once = 64;  // pictures
  std::vector<scenes::Picture> painted;
  for (std::int64_t i = 0; i < pictures; ++i) {
    Random random = scenes::item_random(seed, static_cast<std::uint64_t>(i));
    const scenes::Scene scene = scenes::draw_scene(random, 1);
    painted.push_back(scenes::paint(scene, static_cast<std::size_t>(dual.config.image_size)));
    const scenes::Thing& thing = scene.things.front();
    shape_labels.push_back(static_cast<std::int64_t>(thing.shape));
    color_labels.push_back(static_cast<std::int64_t>(thing.color));
    both_labels.push_back(color_labels.back() * static_cast<std::int64_t>(shapes.size()) +
                          shape_labels.back());
    if (std::ssize(painted) == at_once || i + 1 == pictures) {
      features.push_back(image_features(dual, pixels_of(painted, dual.config)));
      painted.clear();
    }
  }
  const torch::Tensor images = torch::cat(features);
  return {share_right(images, prompt_features(dual, shapes, encode), shape_labels),
          share_right(images, prompt_features(dual, colors, encode), color_labels),
          share_right(images, prompt_features(dual, both, encode), both_labels)};
}

}  // namespace crayon::train
