#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/model/linear/factor_stack.h"
#include "runtime/model/linear/low_rank_group.h"

namespace crayon::model {

/// The adapters of a session, with their weights, by the maps that they change.
class AdapterTable {
 public:
  AdapterTable() = default;
  /// In f32; adapters that fit the model.
  AdapterTable(std::vector<WeightedAdapter> adapters, const formats::ModelConfig& config);
  /// In int8; `weights` [adapters of the stack].
  AdapterTable(std::shared_ptr<const FactorStack> stack, std::span<const float> weights,
               const formats::ModelConfig& config, const kernels::Layout& layout);

  /// Null where nothing is to be added.
  const LowRankGroup* at(std::uint32_t layer, MapGroup group) const {
    return groups_.empty() ? nullptr
                           : groups_[layer * map_groups + static_cast<std::size_t>(group)].get();
  }
  /// Makes room for steps of up to `tokens` tokens.
  void reserve(std::uint64_t tokens, LowRankScratch& scratch) const;
  /// Whether tokens of both can go through the maps together: they add nothing, or the same int8
  /// factors with weights of their own.
  bool shares_factors(const AdapterTable& other) const;

  std::uint64_t bytes() const;       ///< of all factors that it keeps alive
  std::uint64_t bytes_read() const;  ///< of the factors that a step reads

 private:
  std::size_t most_experts() const;

  std::vector<WeightedAdapter> adapters_;                    // keeps f32 factors alive
  std::shared_ptr<const FactorStack> stack_;                 // keeps int8 factors alive
  std::vector<std::unique_ptr<const LowRankGroup>> groups_;  // [layers][map_groups]
};

}  // namespace crayon::model
