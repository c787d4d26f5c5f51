#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "formats/model_config.h"
#include "kernels/layout.h"
#include "runtime/model/adapter.h"
#include "runtime/model/aligned.h"
#include "runtime/model/linear/map_group.h"

namespace crayon::model {

/// An int8 matrix in the layout of a kernel set, with the memory that it lies in.
struct PackedI8 {
  std::size_t rows = 0;
  std::size_t inputs = 0;
  AlignedArray<std::int8_t> data;
  AlignedArray<float> scale;

  PackedI8() = default;
  PackedI8(std::size_t its_rows, std::size_t its_inputs, const kernels::LayoutI8& layout);
  /// Quantises row `row` as activations are: scale = max|values| / 127.
  void set_row(std::size_t row, std::span<const float> values, const kernels::LayoutI8& layout);
  kernels::WeightsI8 view() const { return {rows, inputs, data.data(), scale.data()}; }
};

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
    std::size_t first = 0;  ///< of its ranks, among the rows of A
    PackedI8 b;             ///< [outputs][ranks of the map]; no rows: not adapted
  };

  PackedI8 a;  ///< [ranks of all maps][inputs]; no rows: not adapted
  std::array<Map, most_shared_maps> maps;
  std::vector<Slice> slices;
};

/// Adapters whose factors were stacked, without regard to their weights: a pool is stacked once,
/// and each query sets weights of its own. Immutable.
class FactorStack {
 public:
  using Adapters = std::vector<std::shared_ptr<const Adapter>>;

  /// Adapters that fit the model.
  FactorStack(Adapters adapters, const formats::ModelConfig& config,
              const kernels::LayoutI8& layout);

  const Adapters& adapters() const { return adapters_; }
  const StackedFactors& at(std::uint32_t layer, MapGroup group) const {
    return groups_[layer * map_groups + static_cast<std::size_t>(group)];
  }

 private:
  Adapters adapters_;
  std::vector<StackedFactors> groups_;  // [layers][map_groups]
};

}  // namespace crayon::model
