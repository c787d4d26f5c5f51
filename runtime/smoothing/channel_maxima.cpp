#include "runtime/smoothing/channel_maxima.h"

#include <algorithm>
#include <cmath>

#include "formats/packer.h"

namespace crayon::smoothing {

using formats::Projection;
using model::MapGroup;

ChannelMaxima::ChannelMaxima(const formats::ModelConfig& config) : layers_(config.layers) {
  for (auto& layer : layers_) {
    for (std::size_t group = 0; group < model::map_groups; ++group) {
      const Projection first = model::projections(static_cast<MapGroup>(group), config).front();
      layer[group].assign(formats::projection_shape(config, first).cols, 0.0f);
    }
  }
}

void ChannelMaxima::add(std::uint32_t layer, MapGroup group, std::span<const float> inputs) {
  std::vector<float>& largest = layers_[layer][static_cast<std::size_t>(group)];
  for (std::size_t at = 0; at < inputs.size(); at += largest.size()) {
    for (std::size_t c = 0; c < largest.size(); ++c) {
      largest[c] = std::max(largest[c], std::abs(inputs[at + c]));
    }
  }
}

ChannelMaxima observe(const model::Model& model, model::Session& session,
                      std::span<const formats::Token> tokens,
                      const std::function<void(std::uint64_t done)>& progress) {
  ChannelMaxima maxima(model.config());
  // Maps of a group read the same: one of them is looked at.
  session.watch([&](std::uint32_t layer, Projection which, std::span<const float> inputs) {
    for (std::size_t n = 0; n < model::map_groups; ++n) {
      const auto group = static_cast<MapGroup>(n);
      if (model::projections(group, model.config()).front() == which) {
        maxima.add(layer, group, inputs);
      }
    }
  });
  for (std::size_t at = 0; at < tokens.size();) {
    const std::size_t count = std::min<std::size_t>(session.context(), tokens.size() - at);
    session.rewind(0);
    model.forward(session, tokens.subspan(at, count), model::Logits::none, {});
    at += count;
    progress(at);
  }
  session.watch({});
  return maxima;
}

}  // namespace crayon::smoothing
