#include "runtime/smoothing/smoothquant.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

namespace crayon::smoothing {
namespace {

using formats::ModelConfig;
using formats::SourceTensor;
using model::MapGroup;

/// The largest magnitude of every column of some projections.
class ColumnMaxima {
 public:
  explicit ColumnMaxima(const formats::ModelSource& source) : config_(source.config) {
    for (const SourceTensor& tensor : source.tensors) {
      by_name_.emplace(tensor.name, &tensor);
    }
  }

  /// [inputs], over all maps of the group.
  std::vector<float> of(std::uint32_t layer, MapGroup group) {
    std::vector<float> largest;
    for (const formats::Projection which : model::projections(group, config_)) {
      const SourceTensor& tensor = *by_name_.at(formats::projection(layer, which));
      largest.resize(tensor.shape.cols);
      add(tensor, largest);
    }
    return largest;
  }

 private:
  void add(const SourceTensor& tensor, std::vector<float>& largest) {
    constexpr std::uint64_t block_floats = 1u << 18;
    const auto [rows, cols] = tensor.shape;
    const std::uint64_t block = std::max<std::uint64_t>(1, block_floats / cols);
    for (std::uint64_t begin = 0; begin < rows; begin += block) {
      const std::uint64_t count = std::min(block, rows - begin);
      block_.resize(count * cols);
      tensor.read_rows(begin, count, block_);
      for (std::size_t i = 0; i < block_.size(); ++i) {
        float& column = largest[i % cols];
        column = std::max(column, std::abs(block_[i]));
      }
    }
  }

  const ModelConfig& config_;
  std::unordered_map<std::string, const SourceTensor*> by_name_;
  std::vector<float> block_;  // some rows of a tensor
};

/// values [kv_dim]: the largest of those [query_dim] that share a channel of a KV head.
std::vector<float> largest_of_shared(std::span<const float> values, const ModelConfig& config) {
  std::vector<float> largest(config.kv_dim());
  const std::uint32_t group = config.heads / config.kv_heads;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t head = i / config.head_dim / group;
    float& of = largest[head * config.head_dim + i % config.head_dim];
    of = std::max(of, values[i]);
  }
  return largest;
}

/// Of one place: weights and activations [channels].
std::vector<float> closed_form(std::span<const float> weights, std::span<const float> activations,
                               float strength) {
  constexpr double largest = 6;  // of |log2 a|
  std::vector<double> logs(weights.size());
  double sum = 0, count = 0;
  const auto is_used = [&](std::size_t c) { return weights[c] > 0 && activations[c] > 0; };
  for (std::size_t c = 0; c < logs.size(); ++c) {
    if (is_used(c)) {
      const auto s = static_cast<double>(strength);
      logs[c] = (1 - s) * std::log2(static_cast<double>(weights[c])) -
                s * std::log2(static_cast<double>(activations[c]));
      sum += logs[c];
      count += 1;
    }
  }
  std::vector<float> scales(logs.size(), 1.0f);
  for (std::size_t c = 0; c < logs.size(); ++c) {
    if (is_used(c)) {
      scales[c] =
          static_cast<float>(std::exp2(std::clamp(logs[c] - sum / count, -largest, largest)));
    }
  }
  return scales;
}

}  // namespace

formats::ChannelScales smoothquant(const formats::ModelSource& source, const ChannelMaxima& maxima,
                                   float strength) {
  const ModelConfig& config = source.config;
  ColumnMaxima columns(source);
  formats::ChannelScales scales;
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    const auto place = [&](MapGroup group) {
      return closed_form(columns.of(layer, group), maxima.at(layer, group), strength);
    };
    formats::LayerScales& of = scales.layers.emplace_back();
    of.qkv = place(MapGroup::qkv);
    of.o = closed_form(largest_of_shared(columns.of(layer, MapGroup::o), config),
                       largest_of_shared(maxima.at(layer, MapGroup::o), config), strength);
    of.gate_up = place(MapGroup::gate_up);
    if (config.gated) {
      of.down = place(MapGroup::down);
    }
  }
  return scales;
}

}  // namespace crayon::smoothing
