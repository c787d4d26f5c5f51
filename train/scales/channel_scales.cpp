#include "train/scales/channel_scales.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "train/model/tensor_file.h"

namespace crayon::train {
namespace {

const double largest_theta = 6 * std::log(2.0);

torch::Tensor scales_of(const torch::Tensor& theta) {
  return theta.clamp(-largest_theta, largest_theta).exp();
}

}  // namespace

ChannelScales::ChannelScales(const Config& config) : config_(config) {
  layers_.resize(static_cast<std::size_t>(config.layers));
  for (auto& layer : layers_) {
    for (const Place place : all_places) {
      layer[static_cast<std::size_t>(place)] = torch::zeros({channels(config, place)});
    }
  }
}

ChannelScales ChannelScales::load(const Config& config, const std::filesystem::path& path) {
  constexpr double slack = 1e-4;  // of a logarithm, for what f32 loses on its way
  ChannelScales scales(config);
  const TensorFile file = read_tensors(path);
  const auto fail = [&](Code code, const std::string& name, const char* what) {
    throw Error(code, fmt::format("{}: {} {}", path.string(), name, what),
                "use the scales that were learned for this model");
  };
  for (const auto& [name, theta] : scales.named()) {
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end()) {
      fail(Code::missing_tensor, name, "is not there");
    }
    if (found->second.sizes() != theta->sizes()) {
      fail(Code::bad_shape, name, "does not have a scale for each channel");
    }
    *theta = found->second.to(torch::kFloat32).log();
    if (!(theta->abs().max().item<double>() <= largest_theta + slack)) {
      fail(Code::corrupt, name, "has scales that are not within 2^-6 and 2^6");
    }
  }
  return scales;
}

torch::Tensor ChannelScales::at(std::size_t layer, Place place) const {
  return scales_of(layers_[layer][static_cast<std::size_t>(place)]);
}

torch::Tensor ChannelScales::of(std::size_t layer, Projection which) const {
  const Place place = place_of(which);
  const torch::Tensor scales = at(layer, place);
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
    for (const Place place : places_of(config_)) {
      all.emplace_back(fmt::format("layers.{}.{}_scales", i, name_of(place)), &theta(i, place));
    }
  }
  return all;
}

void ChannelScales::to(torch::Device device) {
  for (auto& layer : layers_) {
    for (torch::Tensor& theta : layer) {
      theta = theta.detach().to(device).requires_grad_(theta.requires_grad());
    }
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

}  // namespace crayon::train
