#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "formats/model_config.h"
#include "kernels/layout.h"
#include "runtime/model/adapter.h"
#include "runtime/model/aligned.h"
#include "runtime/model/linear/map_group.h"

namespace crayon::model {

/// The factors of several adapters for one group of maps, side by side, in int8: one product gives
/// A x of all of them, and one B z of each map.
struct StackedFactors {
  /// Where one adapter's ranks for one map lie among the rows of A.
  struct Slice {
    std::size_t adapter;
    std::size_t map;
    std::size_t first;
    const LowRank* factors;
  };
  struct Map {
    std::size_t first = 0;   ///< of its ranks, among the rows of A
    kernels::FactorsB b{};   ///< [outputs][ranks of the map]; no rows: not adapted
    float unit = 1;          ///< a power of two that scales of b lack, so that f16 holds them
    kernels::Ahead ahead{};  ///< the map's part of the factors that a step reads next
  };

  kernels::WeightsI8 a{};  ///< [ranks of all maps][inputs], as Layout::down; no rows: not adapted
  std::array<Map, most_shared_maps> maps;
  std::vector<Slice> slices;
  ByteSpan bytes;  ///< all of these factors
};

/// Adapters whose factors were stacked, without regard to their weights: a pool is stacked once,
/// and each query sets weights of its own. Immutable.
class FactorStack {
 public:
  using Adapters = std::vector<std::shared_ptr<const Adapter>>;

  /// Adapters that fit the model.
  FactorStack(Adapters adapters, const formats::ModelConfig& config, const kernels::Layout& layout);

  const Adapters& adapters() const { return adapters_; }
  std::uint64_t bytes() const { return memory_.size(); }
  const StackedFactors& at(std::uint32_t layer, MapGroup group) const {
    return groups_[layer * map_groups + static_cast<std::size_t>(group)];
  }

 private:
  Adapters adapters_;
  std::vector<StackedFactors> groups_;  // [layers][map_groups]
  // All factors in the order in which a step reads them. In pages of their own each would cost the
  // memory's whole latency, several times what its bytes cost.
  AlignedArray<std::uint8_t> memory_;
};

}  // namespace crayon::model
