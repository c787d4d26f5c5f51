#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "formats/bundle.h"
#include "formats/model_config.h"
#include "formats/tensor.h"
#include "runtime/model/token_router.h"

namespace crayon::model {

/// y += B (rank_scale * (A x)) for one projection of one layer. Rank 0: not adapted.
/// Adapters that are summed for good lie one behind the other along the rank, which is exact.
struct LowRank {
  std::uint32_t rank = 0;
  std::vector<float> a;           ///< [rank][inputs]
  std::vector<float> b;           ///< [outputs][rank]
  std::vector<float> rank_scale;  ///< [rank]: adapter scale x blend weight
  TokenRouter router;             ///< empty: every token takes all factors as they are
};

/// A LoRA (Hu et al. 2021) ready to run beside the base; never merged into it. Immutable.
class Adapter {
 public:
  /// `layers` [layers][7], in the order of formats::Projection.
  using Layer = std::array<LowRank, formats::all_projections.size()>;

  Adapter(formats::Hash base, std::vector<Layer> layers)
      : base_(base), layers_(std::move(layers)) {}

  const formats::Hash& base() const { return base_; }
  const LowRank& at(std::uint32_t layer, formats::Projection which) const {
    return layers_[layer][static_cast<std::size_t>(which)];
  }
  std::uint32_t layers() const { return static_cast<std::uint32_t>(layers_.size()); }
  std::uint64_t bytes() const;

  /// Throws bad_shape unless there is an entry for each of the model's layers, and every array
  /// has the size that its rank and the model's projection give.
  void check(const formats::ModelConfig& config) const;

 private:
  formats::Hash base_;
  std::vector<Layer> layers_;
};

/// One of several adapters that a session runs with: their sum, each times its weight. The factors
/// are shared, so a pool stays in memory once and each session has weights of its own.
struct WeightedAdapter {
  std::shared_ptr<const Adapter> adapter;
  float weight = 1.0f;
};

}  // namespace crayon::model
