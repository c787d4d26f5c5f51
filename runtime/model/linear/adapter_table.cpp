#include "runtime/model/linear/adapter_table.h"

#include <algorithm>

#include "runtime/model/linear/float_low_rank.h"
#include "runtime/model/linear/packed_low_rank.h"

namespace crayon::model {

AdapterTable::AdapterTable(std::vector<WeightedAdapter> adapters,
                           const formats::ModelConfig& config)
    : adapters_(std::move(adapters)) {
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    for (std::size_t group = 0; group < map_groups; ++group) {
      auto factors = std::make_unique<FloatLowRank>(
          adapters_, layer, projections(static_cast<MapGroup>(group), config));
      groups_.push_back(factors->ranks() == 0 ? nullptr : std::move(factors));
    }
  }
}

AdapterTable::AdapterTable(std::shared_ptr<const FactorStack> stack, std::span<const float> weights,
                           const formats::ModelConfig& config, const kernels::Layout& layout)
    : stack_(std::move(stack)) {
  if (std::ranges::all_of(weights, [](float weight) { return weight == 0.0f; })) {
    return;
  }
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    for (std::size_t group = 0; group < map_groups; ++group) {
      const StackedFactors& factors = stack_->at(layer, static_cast<MapGroup>(group));
      groups_.push_back(factors.a.rows == 0
                            ? nullptr
                            : std::make_unique<PackedLowRank>(factors, weights, layout));
    }
  }
}

std::size_t AdapterTable::most_experts() const {
  std::size_t most = 0;
  const auto look = [&most](const Adapter& adapter) {
    for (std::uint32_t layer = 0; layer < adapter.layers(); ++layer) {
      for (const formats::Projection which : formats::all_projections) {
        most = std::max(most, adapter.at(layer, which).router.experts());
      }
    }
  };
  for (const WeightedAdapter& each : adapters_) {
    look(*each.adapter);
  }
  if (stack_) {
    for (const std::shared_ptr<const Adapter>& each : stack_->adapters()) {
      look(*each);
    }
  }
  return most;
}

void AdapterTable::reserve(std::uint64_t tokens, LowRankScratch& scratch) const {
  std::size_t ranks = 0;
  for (const auto& group : groups_) {
    ranks = std::max(ranks, group == nullptr ? 0 : group->ranks());
  }
  scratch.z.reserve(tokens * ranks);
  scratch.routes.reserve(tokens * TokenRouter::scratch(most_experts()));
  if (stack_ && ranks != 0) {
    for (QuantizedScratch& quantized : scratch.quantized) {
      quantized.reserve(tokens, ranks);
    }
  }
}

std::uint64_t AdapterTable::bytes() const {
  std::uint64_t sum = 0;
  for (const WeightedAdapter& each : adapters_) {
    sum += each.adapter->bytes();
  }
  if (stack_) {
    for (const std::shared_ptr<const Adapter>& each : stack_->adapters()) {
      sum += each->bytes();
    }
    sum += stack_->bytes();
  }
  return sum;
}

std::uint64_t AdapterTable::bytes_read() const {
  if (stack_) {
    return groups_.empty() ? 0 : stack_->bytes();
  }
  std::uint64_t sum = 0;
  for (const WeightedAdapter& each : adapters_) {
    sum += each.weight != 0.0f ? each.adapter->bytes() : 0;
  }
  return sum;
}

bool AdapterTable::shares_factors(const AdapterTable& other) const {
  if (groups_.empty() || other.groups_.empty()) {
    return groups_.empty() && other.groups_.empty();
  }
  return stack_ != nullptr && stack_ == other.stack_;
}

}  // namespace crayon::model
