#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "runtime/model/linear/map_group.h"
#include "runtime/model/model.h"

namespace crayon::smoothing {

/// The largest magnitudes of each channel that the linear maps of a model read, over some tokens.
class ChannelMaxima {
 public:
  explicit ChannelMaxima(const formats::ModelConfig& config);

  /// Of the maps of a group: [inputs].
  std::span<const float> at(std::uint32_t layer, model::MapGroup group) const {
    return layers_[layer][static_cast<std::size_t>(group)];
  }
  /// `inputs` [tokens][inputs of the group]
  void add(std::uint32_t layer, model::MapGroup group, std::span<const float> inputs);

 private:
  std::vector<std::array<std::vector<float>, model::map_groups>> layers_;
};

/// Runs `tokens` through the model in windows of the session's context, each from an empty session.
ChannelMaxima observe(const model::Model& model, model::Session& session,
                      std::span<const formats::Token> tokens,
                      const std::function<void(std::uint64_t done)>& progress);

}  // namespace crayon::smoothing
