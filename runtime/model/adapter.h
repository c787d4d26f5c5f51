#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "formats/bundle.h"
#include "formats/model_config.h"
#include "formats/tensor.h"
#include "runtime/model/token_router.h"

namespace crayon::model {

/// y += B (rank_scale * (A x)) for one projection of one layer. Rank 0: not adapted.
/// Several adapters lie one behind the other along the rank, which is their exact sum.
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
  std::uint64_t bytes() const;

  /// Throws bad_shape unless there is an entry for each of the model's layers, and every array
  /// has the size that its rank and the model's projection give.
  void check(const formats::ModelConfig& config) const;

  /// The largest sum of ranks that the projections of one layer have.
  std::uint64_t widest_rank() const;
  /// The largest number of experts that one projection's router chooses from.
  std::size_t most_experts() const;

 private:
  formats::Hash base_;
  std::vector<Layer> layers_;
};

}  // namespace crayon::model
