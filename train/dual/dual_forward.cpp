#include "train/dual/dual_forward.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace crayon::train {
namespace {

torch::Tensor normed(const torch::Tensor& x, const Norm& norm, const TowerShape& shape) {
  return torch::layer_norm(x, {shape.dim}, norm.gain, norm.bias, shape.norm_eps);
}

torch::Tensor project(const torch::Tensor& x, const Layer& layer, Projection which) {
  return torch::linear(x, layer.at(which), layer.bias(which));
}

// [examples][time][dim] -> [examples][heads][time][head size]
torch::Tensor split(const torch::Tensor& x, const TowerShape& shape) {
  return x.view({x.size(0), x.size(1), shape.heads, shape.dim / shape.heads}).transpose(1, 2);
}

/// x [examples][time][dim]. `added`: to the scores, of a shape that broadcasts to
/// [examples][heads][queries][keys]; undefined: nothing.
torch::Tensor attention(const torch::Tensor& x, const Layer& layer, const TowerShape& shape,
                        const torch::Tensor& added) {
  const double scale = std::pow(static_cast<double>(shape.dim / shape.heads), -0.5);
  const torch::Tensor q = split(project(x, layer, Projection::q) * scale, shape);
  const torch::Tensor k = split(project(x, layer, Projection::k), shape);
  const torch::Tensor v = split(project(x, layer, Projection::v), shape);
  torch::Tensor scores = torch::matmul(q, k.transpose(-1, -2));
  if (added.defined()) {
    scores = scores + added;
  }
  const torch::Tensor mixed = torch::matmul(torch::softmax(scores, -1), v);
  return project(mixed.transpose(1, 2).reshape(x.sizes()), layer, Projection::o);
}

torch::Tensor mlp(const torch::Tensor& x, const Layer& layer, const TowerShape& shape) {
  const torch::Tensor up = project(x, layer, Projection::up);
  const torch::Tensor hidden =
      shape.gelu == Gelu::quick ? up * torch::sigmoid(1.702 * up) : torch::gelu(up);
  return project(hidden, layer, Projection::down);
}

torch::Tensor run_layer(const torch::Tensor& x, const Layer& layer, const TowerShape& shape,
                        const torch::Tensor& added) {
  const torch::Tensor y =
      x + attention(normed(x, layer.attention_norm, shape), layer, shape, added);
  return y + mlp(normed(y, layer.mlp_norm, shape), layer, shape);
}

/// Rows of the residual stream, [rows][dim], in the common space.
torch::Tensor into_common(const torch::Tensor& rows, const Tower& tower, const TowerShape& shape) {
  const torch::Tensor features = torch::linear(normed(rows, tower.norm, shape), tower.projection);
  return features / features.norm(2, -1, true);
}

}  // namespace

TextBatch make_text_batch(const std::vector<std::vector<std::int32_t>>& texts,
                          std::int64_t context) {
  std::size_t longest = 0;
  for (const auto& text : texts) {
    longest = std::max(longest, text.size());
    if (text.empty() || static_cast<std::int64_t>(text.size()) > context) {
      throw Error(
          Code::bad_argument,
          fmt::format("a text has {} tokens, the encoder reads 1 to {}", text.size(), context),
          "shorten the text");
    }
  }
  if (texts.empty()) {
    throw Error(Code::bad_argument, "there is no text to encode", "give one");
  }
  const auto count = static_cast<std::int64_t>(texts.size());
  TextBatch batch{torch::empty({count, static_cast<std::int64_t>(longest)}, torch::kInt64),
                  torch::empty({count}, torch::kInt64)};
  auto* id = batch.ids.data_ptr<std::int64_t>();
  auto* end = batch.ends.data_ptr<std::int64_t>();
  for (const auto& text : texts) {
    id = std::copy(text.begin(), text.end(), id);
    id = std::fill_n(id, longest - text.size(), text.back());
    *end++ = static_cast<std::int64_t>(text.size()) - 1;
  }
  return batch;
}

torch::Tensor pixels_of(std::span<const scenes::Picture> pictures, const DualConfig& config) {
  const std::int64_t side = config.image_size;
  const auto count = static_cast<std::int64_t>(pictures.size());
  torch::Tensor bytes = torch::empty({count, side, side, 3}, torch::kUInt8);
  auto* to = bytes.data_ptr<std::uint8_t>();
  for (const scenes::Picture& picture : pictures) {
    if (static_cast<std::int64_t>(picture.side) != side) {
      throw Error(
          Code::bad_argument,
          fmt::format("a picture has {} pixels a side, the encoder reads {}", picture.side, side),
          "paint it in that size");
    }
    to = std::copy(picture.rgb.begin(), picture.rgb.end(), to);
  }
  const auto channels = [](const std::array<double, 3>& values) {
    return torch::tensor({values[0], values[1], values[2]}, torch::kFloat32);
  };
  const torch::Tensor samples = bytes.to(torch::kFloat32) / 255;
  return ((samples - channels(config.mean)) / channels(config.deviation))
      .permute({0, 3, 1, 2})
      .contiguous();
}

torch::Tensor embedded_tokens(const DualEncoder& dual, const torch::Tensor& ids) {
  return torch::embedding(dual.token_embedding, ids) +
         dual.text.positions.narrow(0, 0, ids.size(1));
}

torch::Tensor text_features(const DualEncoder& dual, const torch::Tensor& tokens,
                            const torch::Tensor& ends, const TokenWeights* weights) {
  const std::int64_t time = tokens.size(1);
  const torch::Tensor causal =
      torch::full({time, time}, -std::numeric_limits<float>::infinity(), tokens.options()).triu(1);
  const torch::Tensor weighted =
      weights == nullptr ? causal : causal + weights->logs.unsqueeze(1).unsqueeze(1);
  torch::Tensor x = tokens;
  for (std::size_t i = 0; i < dual.text.layers.size(); ++i) {
    const bool late = weights != nullptr && static_cast<std::int64_t>(i) >= weights->first_layer;
    x = run_layer(x, dual.text.layers[i], dual.config.text, late ? weighted : causal);
  }
  const torch::Tensor rows = torch::arange(tokens.size(0), ends.options());
  return into_common(x.index({rows, ends}), dual.text, dual.config.text);
}

torch::Tensor text_features(const DualEncoder& dual, const TextBatch& texts,
                            const TokenWeights* weights) {
  return text_features(dual, embedded_tokens(dual, texts.ids), texts.ends, weights);
}

torch::Tensor image_features(const DualEncoder& dual, const torch::Tensor& pixels) {
  const DualConfig& config = dual.config;
  const torch::Tensor patches =  // [pictures][patches][dim]
      torch::conv2d(pixels, dual.patch_embedding, {}, config.patch_size).flatten(2).transpose(1, 2);
  const torch::Tensor first = dual.class_embedding.expand({pixels.size(0), 1, config.image.dim});
  torch::Tensor x = torch::cat({first, patches}, 1) + dual.image.positions;
  x = normed(x, dual.input_norm, config.image);
  for (const Layer& layer : dual.image.layers) {
    x = run_layer(x, layer, config.image, {});
  }
  return into_common(x.select(1, 0), dual.image, config.image);
}

torch::Tensor similarity(const DualEncoder& dual, const torch::Tensor& images,
                         const torch::Tensor& texts) {
  return dual.logit_scale.exp() * torch::matmul(images, texts.t());
}

}  // namespace crayon::train
