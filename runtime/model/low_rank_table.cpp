#include <algorithm>

#include "runtime/model/session_state.h"

namespace crayon::model {

LowRankTable::LowRankTable(std::vector<WeightedAdapter> adapters) : adapters_(std::move(adapters)) {
  std::erase_if(adapters_, [](const WeightedAdapter& each) { return each.weight == 0.0f; });
  if (adapters_.empty()) {
    return;
  }
  begins_.push_back(0);
  for (std::uint32_t layer = 0; layer < adapters_.front().adapter->layers(); ++layer) {
    for (const formats::Projection which : formats::all_projections) {
      for (const WeightedAdapter& each : adapters_) {
        const LowRank& factors = each.adapter->at(layer, which);
        if (factors.rank != 0) {
          parts_.push_back({&factors, each.weight});
        }
      }
      begins_.push_back(parts_.size());
    }
  }
}

std::span<const LowRankPart> LowRankTable::at(std::uint32_t layer,
                                              formats::Projection which) const {
  if (begins_.empty()) {
    return {};
  }
  const std::size_t row = layer * formats::all_projections.size() + static_cast<std::size_t>(which);
  return std::span(parts_).subspan(begins_[row], begins_[row + 1] - begins_[row]);
}

std::uint64_t LowRankTable::widest_rank() const {
  std::uint64_t widest = 0;
  for (std::size_t row = 0; row + 1 < begins_.size(); row += formats::all_projections.size()) {
    std::uint64_t sum = 0;
    for (std::size_t i = begins_[row]; i < begins_[row + formats::all_projections.size()]; ++i) {
      sum += parts_[i].factors->rank;
    }
    widest = std::max(widest, sum);
  }
  return widest;
}

std::size_t LowRankTable::most_experts() const {
  std::size_t most = 0;
  for (const LowRankPart& part : parts_) {
    most = std::max(most, part.factors->router.experts());
  }
  return most;
}

}  // namespace crayon::model
