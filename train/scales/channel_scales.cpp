#include "train/scales/channel_scales.h"

#include <fmt/format.h>

#include <cmath>

#include "train/model/tensor_file.h"
#include "train/scales/rounding.h"

namespace crayon::train {
namespace {

const double largest_theta = 6 * std::log(2.0);

const char* place_name(Place place) {
  static constexpr std::array names = {"qkv_scales", "o_scales", "gate_up_scales", "down_scales"};
  return names[static_cast<std::size_t>(place)];
}

std::int64_t channels(const Config& config, Place place) {
  switch (place) {
    case Place::qkv:
    case Place::gate_up:
      return config.dim;
    case Place::o:
      return config.kv_dim();
    case Place::down:
      return config.hidden;
  }
  return 0;
}

torch::Tensor scales_of(const torch::Tensor& theta) {
  return theta.clamp(-largest_theta, largest_theta).exp();
}

}  // namespace

Place place_of(Projection which) {
  switch (which) {
    case Projection::q:
    case Projection::k:
    case Projection::v:
      return Place::qkv;
    case Projection::o:
      return Place::o;
    case Projection::gate:
    case Projection::up:
      return Place::gate_up;
    case Projection::down:
      return Place::down;
  }
  return Place::qkv;
}

ChannelScales::ChannelScales(const Config& config) : config_(config) {
  layers_.resize(static_cast<std::size_t>(config.layers));
  for (auto& layer : layers_) {
    for (const Place place : all_places) {
      layer[static_cast<std::size_t>(place)] = torch::zeros({channels(config, place)});
    }
  }
}

torch::Tensor ChannelScales::of(std::size_t layer, Projection which) const {
  const Place place = place_of(which);
  const torch::Tensor scales = scales_of(layers_[layer][static_cast<std::size_t>(place)]);
  if (place != Place::o) {
    return scales;
  }
  return scales.view({config_.kv_heads, config_.head_dim})
      .repeat_interleave(config_.heads / config_.kv_heads, 0)
      .reshape({config_.query_dim()});
}

NamedParameters ChannelScales::named() {
  NamedParameters all;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    for (const Place place : all_places) {
      all.emplace_back(fmt::format("layers.{}.{}", i, place_name(place)), &theta(i, place));
    }
  }
  return all;
}

void ChannelScales::to(torch::Device device) {
  for (const auto& [name, parameter] : named()) {
    *parameter = parameter->detach().to(device).requires_grad_(parameter->requires_grad());
  }
}

void ChannelScales::save(const std::filesystem::path& path) const {
  ChannelScales copy = *this;  // of the handles
  TensorFile file;
  file.metadata["format"] = "pt";
  for (const auto& [name, parameter] : copy.named()) {
    file.tensors[name] = scales_of(parameter->detach()).to(torch::kFloat32);
  }
  write_tensors(file, path);
}

Linear int8_linear(const ChannelScales& scales) {
  return [&scales](std::size_t layer, Projection which, const torch::Tensor& x,
                   const torch::Tensor& weight) {
    const torch::Tensor a = scales.of(layer, which).to(x.scalar_type());
    return torch::linear(rounded(x * a), rounded(weight / a));
  };
}

}  // namespace crayon::train
